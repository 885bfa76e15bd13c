import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const version = 1
const schema = `
  create table key (
    id text primary key, user text not null, name text not null, prefix text not null, hash blob not null unique,
    role text not null, created integer not null, last_used integer, revoked integer
  ) strict;
  create table browser (
    hash blob primary key, key text not null, expires integer not null
  ) strict, without rowid;
  pragma user_version = ${version};`

/** A key as it is kept. Times are ms since 1970. */
export interface KeyRow {
  readonly id: string
  /** The person it stands for: what is theirs is seen through all of their keys. */
  readonly user: string
  readonly name: string
  /** The first characters of the key, so that people can tell keys apart. */
  readonly prefix: string
  readonly hash: Uint8Array
  readonly role: string
  readonly created: number
  readonly last_used: number | null
  readonly revoked: number | null
}

/** Keys and browser sessions in `identity.db`: its own small file, so that the CLI can change it while the server runs. */
export interface IdentityStore {
  add(row: KeyRow): void
  /** Adds a key if there is none yet, calling `before` in the same transaction. False when there was one. */
  addFirst(row: KeyRow, before: () => void): boolean
  byHash(hash: Uint8Array): KeyRow | undefined
  byId(id: string): KeyRow | undefined
  list(): readonly KeyRow[]
  revoke(id: string, at: number): boolean
  used(id: string, at: number): void
  addBrowser(hash: Uint8Array, key: string, expires: number, now: number): void
  browser(hash: Uint8Array): { readonly hash: Uint8Array; readonly key: string; readonly expires: number } | undefined
  removeBrowser(hash: Uint8Array): void
  close(): void
}

/** Opens the file, making it readable for its owner alone before SQLite puts anything into it. */
export const openIdentityStore = (dir: string): IdentityStore => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = join(dir, 'identity.db')
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const db = new DatabaseSync(file, { timeout: 2000 })
  db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on')
  migrate(db)
  const atOnce = <T>(work: () => T): T => {
    db.exec('begin immediate')
    try {
      const result = work()
      db.exec('commit')
      return result
    } catch (error) {
      db.exec('rollback')
      throw error
    }
  }
  const columns = 'id, user, name, prefix, hash, role, created, last_used, revoked'
  const insert = db.prepare(`insert into key (${columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const any = db.prepare('select 1 from key limit 1')
  const byHash = db.prepare(`select ${columns} from key where hash = ?`)
  const byId = db.prepare(`select ${columns} from key where id = ?`)
  const list = db.prepare(`select ${columns} from key order by rowid`)
  const revoke = db.prepare('update key set revoked = ? where id = ? and revoked is null')
  const used = db.prepare('update key set last_used = ? where id = ?')
  const addBrowser = db.prepare('insert into browser (hash, key, expires) values (?, ?, ?)')
  const forget = db.prepare('delete from browser where expires < ?')
  const browser = db.prepare('select hash, key, expires from browser where hash = ?')
  const removeBrowser = db.prepare('delete from browser where hash = ?')
  const add = (row: KeyRow): void => {
    insert.run(row.id, row.user, row.name, row.prefix, row.hash, row.role, row.created, row.last_used, row.revoked)
  }
  return {
    add,
    addFirst: (row, before) =>
      atOnce(() => {
        if (any.get() !== undefined) return false
        before()
        add(row)
        return true
      }),
    byHash: (hash) => byHash.get(hash) as KeyRow | undefined,
    byId: (id) => byId.get(id) as KeyRow | undefined,
    list: () => list.all() as unknown as readonly KeyRow[],
    revoke: (id, at) => Number(revoke.run(at, id).changes) > 0,
    used: (id, at) => {
      try {
        used.run(at, id)
      } catch {
        // A full disk or a busy file must lock nobody out.
      }
    },
    addBrowser: (hash, key, expires, now) =>
      atOnce(() => {
        forget.run(now)
        addBrowser.run(hash, key, expires)
      }),
    browser: (hash) => browser.get(hash) as ReturnType<IdentityStore['browser']>,
    removeBrowser: (hash) => {
      removeBrowser.run(hash)
    },
    close: () => db.close(),
  }
}

const migrate = (db: DatabaseSync): void => {
  const found = (): number => Number(db.prepare('pragma user_version').get()?.['user_version'])
  if (found() > version) throw new Error('identity.db was written by a newer version of Holdfast')
  if (found() === version) return
  db.exec('begin immediate')
  // Another process may have been first.
  if (found() < version) db.exec(schema)
  db.exec('commit')
}
