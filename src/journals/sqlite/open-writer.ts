import { chmodSync, existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { connectWriter, orClose } from './connection.ts'
import { lockJournal } from './lock.ts'
import type { WriterData } from './messages.ts'
import { JournalRefused } from './refused.ts'
import { migrate } from './schema.ts'
import { codeOf, isCorrupt } from './storage-failure.ts'
import { tailHeads } from './tail-heads.ts'
import { damagedWal } from './wal.ts'

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
        `${file} cannot be opened: ${String(error)}. Check that there is room, and that the file and its folder can be written.`,
        error,
      )
    throw error
  }
}

const openLocked = (file: string, durability: WriterData['durability'], release: () => void) => {
  const isNew = !existsSync(file)
  const lostCommits = damagedWal(`${file}-wal`)
  const db = connectWriter(file, durability)
  if (isNew) chmodSync(file, 0o600)
  const notices: string[] = []
  const epoch = orClose(db, () => {
    migrate(db, file)
    // A commit that is not what was written may be the last of another session than the one it names.
    const lostTail = lostCommits || [...tailHeads(db).values()].some(({ damaged }) => damaged)
    return currentEpoch(db, lostTail, notices)
  })
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
 * What an acknowledged tail was lost from, a restored copy or a damaged file, starts a new epoch. Seconds since 1970
 * take part, so that restoring one copy twice gives two epochs.
 */
const currentEpoch = (db: DatabaseSync, lostTail: boolean, notices: string[]): number => {
  const old = meta(db, 'epoch')
  const restored = meta(db, 'restored') !== 0
  if (!restored && !lostTail) return old
  const epoch = Math.max(old + 1, Math.floor(Date.now() / 1000))
  db.exec(`begin immediate; update meta set value = ${epoch} where key = 'epoch';
    update meta set value = 0 where key = 'restored'; commit`)
  if (lostTail)
    notices.push(
      'Damaged commits were found at the end of the journal: the last of what was written before the restart may be lost. ' +
        'Run "holdfast verify"; restore a backup, or go on.',
    )
  if (restored) notices.push('Restored from a backup: clients that saw what came after it are told to read again.')
  return epoch
}
