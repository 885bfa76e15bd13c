import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Entry } from './outbox.ts'
import type { Store } from './store.ts'

/**
 * The outbox in a folder, one file an entry: processes that share the folder do not overwrite each other's.
 * An entry is on the disk when `put` resolves.
 */
export const fileStore = (folder: string): Store => {
  const fileOf = (id: string): string => join(folder, `${encodeURIComponent(id)}.json`)
  /** One change of an entry at a time, so that a removal cannot be overtaken by the write before it. */
  let last: Promise<void> = Promise.resolve()
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work, work)
    return last
  }
  return {
    load: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
      const entries = await Promise.all(names.map((name) => readEntry(join(folder, name))))
      return entries.filter((entry) => entry !== undefined).toSorted((a, b) => a.at - b.at)
    },
    put: (entry) =>
      inTurn(async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        const draft = `${fileOf(entry.id)}.${process.pid}.tmp`
        await written(draft, 'w', JSON.stringify(entry))
        await rename(draft, fileOf(entry.id))
        // The new name is on the disk when the folder is. Windows cannot do that to a folder, and needs it less.
        if (process.platform !== 'win32') await written(folder, 'r')
      }),
    remove: (id) => inTurn(() => rm(fileOf(id), { force: true })),
  }
}

const written = async (path: string, flags: 'w' | 'r', text?: string): Promise<void> => {
  const file = await open(path, flags, 0o600)
  try {
    if (text !== undefined) await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Undefined for a file that is gone meanwhile, or that is no entry: one bad file must not hold up the others. */
const readEntry = async (path: string): Promise<Entry | undefined> => {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Entry
    return typeof value.id === 'string' && typeof value.session === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
