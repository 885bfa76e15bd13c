import type { DatabaseSync } from 'node:sqlite'
import type { SessionRow } from './sessions.ts'

interface TailRow {
  readonly row: number
  readonly first: number
  readonly last: number
  readonly at: number
}
export type LogTail = ReturnType<typeof logTail>

/**
 * The end of the log that is not in `place` yet, by session. `look` follows it: each row is looked at once, so a read
 * costs what was written since the read before, never more than what the writer leaves there.
 */
export const logTail = (db: DatabaseSync) => {
  let sessions = new Map<number, TailRow[]>()
  let looked = 0
  let indexed = 0
  const mark = db.prepare("select value from meta where key = 'indexed'")
  const fresh = db.prepare('select id as row, session, first, last, at from batch where id > ? order by id')

  return {
    /** Call first in every read transaction. */
    look: (): void => {
      const now = Number(mark.get()?.['value'])
      if (now !== indexed) {
        indexed = now
        looked = Math.max(looked, now)
        sessions = new Map([...sessions].map(([id, rows]) => [id, rows.filter(({ row }) => row > now)]))
        for (const [id, rows] of sessions) if (rows.length === 0) sessions.delete(id)
      }
      for (const raw of fresh.iterate(looked)) {
        const { session, ...row } = raw as unknown as TailRow & { session: number }
        looked = row.row
        const rows = sessions.get(session)
        if (rows === undefined) sessions.set(session, [row])
        else rows.push(row)
      }
    },
    of: (session: number): readonly TailRow[] => sessions.get(session) ?? [],
    /** The sessions that moved on since their row was written. */
    ids: (): IterableIterator<number> => sessions.keys(),
    /** A session's row as the log says it is now. */
    newest: (row: SessionRow): SessionRow => {
      const end = sessions.get(row.id)?.at(-1)
      return end === undefined || end.last <= row.head ? row : { ...row, head: end.last, updated: end.at }
    },
  }
}
