import { DatabaseSync } from 'node:sqlite'
import { JournalRefused } from './refused.ts'

/** `strict`: fsync before every acknowledgement. `relaxed`: survives a crash of the program, may lose the last moments at power loss. */
export type Durability = 'strict' | 'relaxed'

/** The first release without the WAL-reset corruption (sqlite.org/wal.html, "the WAL-reset bug"). */
const oldest = [3, 51, 3]

/** @throws JournalRefused `old_sqlite` */
export const checkSqlite = (version: string): void => {
  const parts = version.split('.').map(Number)
  const at = oldest.findIndex((part, index) => part !== parts[index])
  if (at >= 0 && (parts[at] ?? 0) < (oldest[at] ?? 0))
    throw new JournalRefused(
      'old_sqlite',
      `This Node has SQLite ${version}, which can corrupt a journal; ${oldest.join('.')} or newer is needed. Update Node.`,
    )
}

/** A connection that waits for nobody: only the owner of the file writes. */
export const connect = (file: string, readOnly: boolean): DatabaseSync => {
  const db = new DatabaseSync(file, { readOnly, timeout: 1000 })
  return orClose(db, () => {
    checkSqlite(String(db.prepare('select sqlite_version() as version').get()?.['version']))
    // For the upper levels of the trees; rows are mostly read once.
    db.exec('pragma cache_size = -8192; pragma temp_store = memory')
    return db
  })
}

/** Closes the connection when what is done first with it fails. */
export const orClose = <T>(db: DatabaseSync, work: () => T): T => {
  try {
    return work()
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Bytes of a page of a new journal. A commit writes whole pages, so half of SQLite's 4 KiB saves a quarter of what few
 * sessions write, and a tenth of what is kept; smaller still, and a long message takes more pages than it saves.
 */
const pageSize = 2048

/** The one writing connection. `off` loses data at power loss and exists so that a test can show that it would notice. */
export const connectWriter = (file: string, durability: Durability | 'off'): DatabaseSync => {
  const db = connect(file, false)
  const synchronous = { strict: 'full', relaxed: 'normal', off: 'off' }[durability]
  return orClose(db, () => {
    // Checkpoints are run by the writer itself, because SQLite's own ignore a failed fsync.
    db.exec(
      `pragma page_size = ${pageSize}; pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma wal_autocheckpoint = 0`,
    )
    return db
  })
}
