import type { Entry } from './outbox.ts'
import type { Store } from './store.ts'

/** As much of the Web Locks API as is used. */
interface Locks {
  request(name: string, hold: () => Promise<void>): Promise<void>
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>
}

/** As much of IndexedDB as is used; its types are the browser's, which this package does not build against. */
interface Request<T> {
  readonly result: T
  readonly error: unknown
  addEventListener(type: 'success' | 'error' | 'upgradeneeded', listener: () => void): void
}
interface Rows {
  put(value: Row): Request<unknown>
  delete(id: string): Request<unknown>
  getAll(): Request<Row[]>
}
interface Transaction {
  objectStore(name: string): Rows
  readonly error: unknown
  addEventListener(type: 'complete' | 'abort', listener: () => void): void
}
interface Database {
  transaction(store: string, mode: 'readwrite', options: { readonly durability: 'strict' }): Transaction
  createObjectStore(name: string, options: { readonly keyPath: string }): unknown
  close(): void
  addEventListener(type: 'versionchange', listener: () => void): void
}
export interface IndexedDb {
  open(name: string, version: number): Request<Database>
}

interface Row extends Entry {
  /** The tab that sends it. */
  readonly tab: string
}

export interface IndexedDbOptions {
  readonly indexedDB: IndexedDb
  /** Tells tabs that live from those that are gone. Without it every tab takes what it finds. */
  readonly locks?: Locks | undefined
  /** What keeps the outboxes of two servers, or two users, apart. */
  readonly name: string
  /** A new name for this tab. */
  readonly tab: string
}

const table = 'outbox'

/** The outbox of a browser. A tab sends its own entries, and takes over those of tabs that are gone. */
export const indexedDbStore = ({ indexedDB, locks, name, tab }: IndexedDbOptions): Store => {
  const lockName = (owner: string): string => `holdfast:${name}:${owner}`
  let database: Promise<Database> | undefined
  let held: Promise<unknown> | undefined

  const open = (): Promise<Database> => {
    database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(`holdfast:${name}`, 1)
      request.addEventListener('upgradeneeded', () => void request.result.createObjectStore(table, { keyPath: 'id' }))
      request.addEventListener('success', () => {
        request.result.addEventListener('versionchange', () => request.result.close())
        resolve(request.result)
      })
      request.addEventListener('error', () => reject(request.error))
    })
    return database
  }
  /** Resolves when it is on the disk. A connection that the browser has closed meanwhile is opened once more. */
  const change = async (work: (rows: Rows) => void, again = true): Promise<void> => {
    try {
      const transaction = (await open()).transaction(table, 'readwrite', { durability: 'strict' })
      await new Promise<void>((resolve, reject) => {
        transaction.addEventListener('complete', () => resolve())
        transaction.addEventListener('abort', () => reject(transaction.error))
        work(transaction.objectStore(table))
      })
    } catch (error) {
      database = undefined
      if (!again) throw error
      await change(work, false)
    }
  }

  /** Held as long as the tab lives: the browser lets go of it when the tab is gone, however it went. */
  const live = (): Promise<unknown> => {
    held ??= new Promise((resolve) => {
      const hold = (): Promise<void> => {
        resolve(true)
        return new Promise(() => {})
      }
      if (locks === undefined) resolve(false)
      else locks.request(lockName(tab), hold).catch(resolve)
    })
    return held
  }

  return {
    load: async () => {
      await live()
      const alive = new Set((await locks?.query())?.held?.map((lock) => lock.name))
      let left: Row[] = []
      await change((rows) => {
        const all = rows.getAll()
        all.addEventListener('success', () => {
          left = all.result.filter((row) => row.tab !== tab && !alive.has(lockName(row.tab)))
          for (const row of left) rows.put({ ...row, tab })
        })
      })
      return left.map(({ tab: _tab, ...entry }) => entry)
    },
    put: (entry) => change((rows) => void rows.put({ ...entry, tab })),
    remove: (id) => change((rows) => void rows.delete(id)),
  }
}
