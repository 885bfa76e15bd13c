import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import type { Job, Result } from './messages.ts'
import { writeOperations, type Plain } from './operations.ts'
import { isFatal, storageFailure } from './storage-failure.ts'

/** Rows of the log after which they are put in their place: few index pages are written, and a restart has little to do. */
const settleAfter = 8192
/** Pages in the write-ahead log after which they are copied to the database (16 MiB): pages written often are copied once. */
const checkpointAfter = 8192

/** Runs jobs in one transaction and says what became of each once that is on the disk. */
export const groupCommit = (db: DatabaseSync, { file }: { readonly file: string }) => {
  const operations = writeOperations(db)
  // What comes from the other thread was typed there, by this same table.
  const table = operations.table as unknown as Readonly<Record<string, (...args: readonly Plain[]) => Plain>>
  const walPages = db.prepare('pragma wal_checkpoint(noop)')
  const tail = db.prepare("select (select max(id) from batch) - value as rows from meta where key = 'indexed'")

  const perform = ({ id, name, args }: Job): Result => {
    try {
      const operation = table[name]
      if (operation === undefined) throw new Failure('internal', `no operation ${name}`)
      return { id, value: operation(...args) }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return { id, failed: [error.code, error.message] }
    }
  }
  const transaction = <T>(settled: boolean, work: () => T): T => {
    try {
      db.exec('begin immediate')
      const result = work()
      if (settled) operations.settle()
      db.exec('commit')
      operations.committed(settled)
      return result
    } catch (error) {
      if (db.isTransaction) db.exec('rollback')
      operations.rolledBack()
      throw error
    }
  }
  /** One job's error must not be another's: each is tried alone. */
  const alone = (job: Job): Result => {
    try {
      return transaction(false, () => perform(job))
    } catch (error) {
      if (isFatal(error)) throw error
      const { code, message } = storageFailure(error, file)
      return { id: job.id, failed: [code, message] }
    }
  }

  return {
    /** @throws what ends the journal: a failed fsync */
    group: (jobs: readonly Job[]): readonly Result[] => {
      try {
        return transaction(Number(tail.get()?.['rows'] ?? 0) > settleAfter, () => jobs.map(perform))
      } catch (error) {
        if (isFatal(error)) throw error
        return jobs.map(alone)
      }
    },
    settle: (): void => transaction(true, () => {}),
    /** @throws what ends the journal; a disk without room is no reason, the log itself just grows */
    checkpoint: (): void => {
      if (Number(walPages.get()?.['log'] ?? 0) < checkpointAfter) return
      try {
        db.exec('pragma wal_checkpoint(passive)')
      } catch (error) {
        if (isFatal(error)) throw error
      }
    },
  }
}
