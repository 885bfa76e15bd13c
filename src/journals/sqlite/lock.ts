import { DatabaseSync } from 'node:sqlite'
import { JournalRefused } from './refused.ts'
import { codeOf } from './storage-failure.ts'

const busy = 5

/**
 * Makes this process the only one that opens the journal: an exclusive SQLite lock on a second file, which the
 * operating system lets go of when the process dies, however it dies.
 * @throws JournalRefused `in_use`
 */
export const lockJournal = (file: string): { release(): void } => {
  const lock = new DatabaseSync(`${file}.lock`, { timeout: 0 })
  try {
    lock.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    lock.close()
    if ((codeOf(error) & 0xff) !== busy) throw error
    throw new JournalRefused(
      'in_use',
      `${file} is open in another Holdfast. Stop that one first, or give this one another data folder (HOLDFAST_DATA).`,
      error,
    )
  }
  return { release: () => lock.close() }
}
