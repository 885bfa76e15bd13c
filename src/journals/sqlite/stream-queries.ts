import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { stitch } from '../../core/stream-places.ts'
import type { StreamRow } from '../../core/streams.ts'
import type { Plain } from './operations.ts'
import { appendSum, streamOf } from './stream-rows.ts'

/** Streams that are looked at in one search for expired ones. */
const atOnce = 200

/** The reads of raw streams; streams cross threads as JSON. */
export const streamQueries = (db: DatabaseSync) => {
  const byName = db.prepare('select id, sum, info from stream where scope = ? and path = ?')
  const byId = db.prepare('select id, sum, info from stream where id = ?')
  const expired = db.prepare('select id, sum, info from stream where expires <= ? order by expires limit ?')
  const appends = db.prepare(
    `select first, last, sum, data from stream_append
     where stream = ?1 and first >= coalesce((select max(first) from stream_append where stream = ?1 and first <= ?2), 0)
     order by first`,
  )

  const checked = (raw: Record<string, unknown>) => {
    const stream = streamOf(raw)
    if (stream === undefined) throw damage()
    return stream
  }
  /** What a hole, an overlap or a flipped bit would change is told, not served. */
  function* rows(stream: number, from: number, to: number, max: number): Generator<StreamRow> {
    let at = from
    let left = max
    for (const raw of appends.iterate(stream, from)) {
      const { first, last, sum, data } = raw as { first: number; last: number; sum: number; data: Uint8Array }
      if (appendSum(stream, first, last, data) !== sum || (at === from ? first > at || last <= at : first !== at))
        throw damage()
      yield { start: first, end: last, data }
      at = last
      left -= data.length
      if (at >= to || left <= 0) return
    }
    if (at < to) throw damage()
  }

  return {
    streamFind: (scope: string, path: string): Plain => {
      const raw = byName.get(scope, path)
      return raw === undefined ? null : JSON.stringify(checked(raw))
    },
    streamRead: (id: number, from: number, max: number): Plain => {
      const raw = byId.get(id)
      if (raw === undefined) return null
      const stream = checked(raw)
      const found = stitch(stream, from, max, rows)
      return [JSON.stringify(stream), found.map(({ start, end, to, data }) => [start, end, to, data])]
    },
    /** A damaged one is for `verify`, not a reason to keep all the others. */
    streamsExpired: (now: number): Plain =>
      expired.all(now, atOnce).flatMap((raw) => (streamOf(raw) === undefined ? [] : [String(raw['info'])])),
  }
}

const damage = (): Failure =>
  new Failure('session_damaged', 'The stored data of this stream is damaged; run "holdfast verify"')
