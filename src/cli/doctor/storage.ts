import { accessSync, constants, existsSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Settings } from '../../config/load.ts'
import { openIdentityStore } from '../../http/identity-store.ts'
import { readServerFile } from '../server-file.ts'
import { fail, pass, warn, type Check } from './check.ts'

const MiB = 1024 * 1024

/** The folder itself, or the nearest one above it that is there. */
const nearestFolder = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path))

/** Whether SQLite can keep a write-ahead log here: on some network folders it cannot. */
const keepsLog = (folder: string): boolean => {
  const dir = mkdtempSync(join(folder, '.holdfast-doctor-'))
  try {
    const db = new DatabaseSync(join(dir, 'try.db'))
    const mode = db.prepare('pragma journal_mode = wal').get()?.['journal_mode']
    db.exec('create table t (a); insert into t values (1)')
    db.close()
    return mode === 'wal'
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

export const checkFolder = ({ config: { data, database } }: Settings): Check => {
  const name = 'data folder'
  const folder = nearestFolder(dirname(database))
  for (const path of [nearestFolder(data), folder]) {
    try {
      accessSync(path, constants.W_OK | constants.X_OK)
    } catch {
      return fail(
        name,
        `${path} cannot be written`,
        `Give this user the right to, or set HOLDFAST_DATA to another folder.`,
      )
    }
  }
  const { bavail, bsize } = statfsSync(folder)
  const free = Math.floor((bavail * bsize) / MiB)
  const there = existsSync(data) ? data : `${data} (the first start makes it)`
  const detail = `${there}, ${free} MiB free`
  if (free < 50) return fail(name, detail, 'Make room: nothing can be saved on a full disk.')
  if (!keepsLog(folder))
    return fail(name, `${detail}; SQLite cannot keep its log there`, 'Use a folder on a local disk.')
  if (free < 1024) return warn(name, detail, 'Make room soon.')
  const open = existsSync(data) && process.platform !== 'win32' && (statSync(data).mode & 0o077) !== 0
  return open ? warn(name, `${detail}; other users can look into it`, `chmod 700 '${data}'`) : pass(name, detail)
}

export const checkJournal = ({ config: { database } }: Settings): Check => {
  const name = 'journal'
  if (!existsSync(database)) return pass(name, `${database} (the first start makes it)`)
  try {
    const db = new DatabaseSync(database, { readOnly: true, timeout: 1000 })
    try {
      const count = db.prepare('select count(*) as n from session').get()?.['n']
      const size = Math.ceil(statSync(database).size / MiB)
      return pass(name, `${database}, ${String(count)} sessions, ${size} MiB`)
    } finally {
      db.close()
    }
  } catch (error) {
    return fail(name, `${database}: ${String(error)}`, 'holdfast verify; if it is damaged, restore a backup.')
  }
}

export const checkKeys = ({ config: { data, key } }: Settings): Check => {
  const name = 'keys'
  if (key !== '') return pass(name, 'one from the configuration')
  if (!existsSync(join(data, 'identity.db'))) return pass(name, 'none yet: the first start makes one')
  const store = openIdentityStore(data)
  const good = store.list().filter(({ revoked }) => revoked === null)
  store.close()
  const file = join(data, 'key')
  if (good.length === 0)
    return fail(name, 'every key is revoked: nobody can sign in', 'holdfast keys create --name NAME')
  if (existsSync(file) && process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    return fail(
      name,
      `other users can read ${file}`,
      `chmod 600 '${file}', and make a new key: holdfast keys create --name NAME`,
    )
  return pass(name, `${good.length} in use`)
}

/** The server that wrote where it is, if it is still there. */
export const runningServer = (data: string) => {
  const found = readServerFile(data)
  if (found === undefined) return undefined
  try {
    process.kill(found.pid, 0)
    return found
  } catch {
    return undefined
  }
}
