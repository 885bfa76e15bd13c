import { chmodSync, existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { connectWriter } from './connection.ts'
import { lockJournal } from './lock.ts'
import type { WriterData } from './messages.ts'
import { JournalRefused } from './refused.ts'
import { migrate } from './schema.ts'
import { codeOf, isCorrupt } from './storage-failure.ts'

/**
 * Takes the file over: lock, migrations, epoch.
 * @throws JournalRefused
 */
export const openWriter = ({ file, durability }: WriterData) => {
  try {
    const lock = lockJournal(file)
    try {
      return openLocked(file, durability, lock.release)
    } catch (error) {
      lock.release()
      throw error
    }
  } catch (error) {
    if (error instanceof JournalRefused) throw error
    if (isCorrupt(error))
      throw new JournalRefused(
        'damaged',
        `${file} is damaged or not a journal: ${String(error)}. Run "holdfast verify", or restore a backup.`,
        error,
      )
    if (codeOf(error) > 0)
      throw new JournalRefused(
        'unreadable',
        `${file} cannot be opened: ${String(error)}. Check that its folder exists and can be written.`,
        error,
      )
    throw error
  }
}

const openLocked = (file: string, durability: WriterData['durability'], release: () => void) => {
  const isNew = !existsSync(file)
  const db = connectWriter(file, durability)
  if (isNew) chmodSync(file, 0o600)
  migrate(db, file)
  const notices: string[] = []
  const epoch = currentEpoch(db, notices)
  return {
    db,
    epoch,
    notices,
    close: () => {
      db.close()
      release()
    },
  }
}

const meta = (db: DatabaseSync, key: string): number =>
  Number(db.prepare('select value from meta where key = ?').get(key)?.['value'])

/**
 * A restored copy starts a new epoch. Seconds since 1970 take part, so that restoring the same copy twice gives two
 * epochs; the clock can be wrong without harm as long as it is not the same twice.
 */
const currentEpoch = (db: DatabaseSync, notices: string[]): number => {
  if (meta(db, 'restored') === 0) return meta(db, 'epoch')
  const epoch = Math.max(meta(db, 'epoch'), Math.floor(Date.now() / 1000))
  db.exec(
    `begin immediate; update meta set value = ${epoch} where key = 'epoch'; update meta set value = 0 where key = 'restored'; commit`,
  )
  notices.push('This journal was restored from a backup: clients that saw what came after it are told to read again.')
  return epoch
}
