import type { DatabaseSync } from 'node:sqlite'
import { batchSum } from './log-query.ts'

/** Where a session's log ends, as its commits say that are not in `place` yet. */
export interface TailHead {
  readonly last: number
  readonly at: number
  /** A commit of it is not what was written, or one is missing. */
  readonly damaged: boolean
}

/**
 * What a process that died left at the end of the log: commits that no session row knows of. Each is checked, because
 * one that is not what was written may be another session's.
 */
export const tailHeads = (db: DatabaseSync): ReadonlyMap<number, TailHead> => {
  const rows = db.prepare(
    `select session, first, last, at, sum, json from batch
     where id > (select value from meta where key = 'indexed') order by id`,
  )
  const heads = new Map<number, TailHead>()
  for (const raw of rows.iterate()) {
    const { session, first, last, at, sum, json } = raw as Record<
      'session' | 'first' | 'last' | 'at' | 'sum',
      number
    > & {
      readonly json: string
    }
    const before = heads.get(session)
    const fits = batchSum(session, first, last, at, json) === sum && (before === undefined || first === before.last + 1)
    heads.set(session, { last, at, damaged: before?.damaged === true || !fits })
  }
  return heads
}
