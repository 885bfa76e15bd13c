import type { DatabaseSync } from 'node:sqlite'
import { checksum } from './checksum.ts'
import { batchSum } from './log-query.ts'

/** Rows of logs: written at the end of one table, put in their place thousands at a time, cut and forgotten. */
export const logWriter = (db: DatabaseSync) => {
  const insert = db.prepare('insert into batch (id, session, first, last, at, sum, json) values (?, ?, ?, ?, ?, ?, ?)')
  // `or ignore`: two rows of one place are damage; both sessions are marked when they are read, others go on.
  const place = db.prepare(
    `insert or ignore into place select session, first, id from batch
     where id > (select value from meta where key = 'indexed') order by session, first`,
  )
  const mark = db.prepare("update meta set value = ? where key = 'indexed'")
  const setCheckpoint = db.prepare('insert or replace into checkpoint values (?, ?, ?)')
  const cutRows = db.prepare(
    'delete from batch where id in (select row from place where session = ? and first <= ?) and last <= ?',
  )
  const cutPlaces = db.prepare(
    'delete from place where session = ? and first <= ? and not exists (select 1 from batch where id = row)',
  )
  const forget = [
    'batch where id in (select row from place where session = ?)',
    'place where session = ?',
    'command where session = ?',
    'checkpoint where session = ?',
  ].map((what) => db.prepare(`delete from ${what}`))
  // Never used again, also when the last rows were removed: what is after `indexed` is what is not in `place`.
  let lastRow = Number(
    db
      .prepare("select max(value, coalesce((select max(id) from batch), 0)) as last from meta where key = 'indexed'")
      .get()?.['last'],
  )

  return {
    add: (session: number, first: number, last: number, at: number, json: string): void => {
      insert.run(++lastRow, session, first, last, at, batchSum(session, first, last, at, json), json)
    },
    /** Puts everything in its place. */
    settle: (): void => {
      place.run()
      mark.run(lastRow)
    },
    /** Call `settle` first. */
    cut: (session: number, seq: number, state: string): void => {
      setCheckpoint.run(session, checksum([session, seq], state), state)
      cutRows.run(session, seq, seq)
      cutPlaces.run(session, seq)
    },
    /** Call `settle` first. */
    forget: (session: number): void => {
      for (const statement of forget) statement.run(session)
    },
  }
}
