import type { DatabaseSync } from 'node:sqlite'
import type { Stream } from '../../core/streams.ts'
import { appendSum, producerSum, streamOf } from './stream-rows.ts'

/** Reads all raw streams and says what is wrong with them. Returns how many there are. */
export const inspectStreams = (db: DatabaseSync, found: (detail: string) => void): number => {
  const streams = new Map<number, Stream>()
  let count = 0
  for (const raw of db.prepare('select id, path, sum, info from stream').iterate()) {
    count++
    const stream = streamOf(raw)
    if (stream === undefined) found(`${raw['path']}: the checksum does not fit`)
    else streams.set(stream.id, stream)
  }
  for (const stream of streams.values()) inspectAppends(db, stream, found)
  for (const { id, path, forks } of streams.values()) {
    const held = [...streams.values()].filter(({ fork }) => fork?.id === id).length
    if (held !== forks && streams.size === count)
      found(`${path}: it says that it has ${forks} forks, but there are ${held}`)
  }
  for (const raw of db.prepare('select stream, name, epoch, seq, sum from stream_producer').iterate()) {
    const { stream, name, epoch, seq, sum } = raw as {
      stream: number
      name: string
      epoch: number
      seq: number
      sum: number
    }
    if (producerSum(stream, name, epoch, seq) !== sum)
      found(`${streams.get(stream)?.path ?? stream}: the checksum of producer ${name} does not fit`)
  }
  return count
}

const inspectAppends = (
  db: DatabaseSync,
  { id, path, tail, inherited }: Stream,
  found: (detail: string) => void,
): void => {
  const appends = db.prepare('select first, last, sum, data from stream_append where stream = ? order by first')
  let at = inherited.at(-1)?.to ?? 0
  for (const raw of appends.iterate(id)) {
    const { first, last, sum, data } = raw as { first: number; last: number; sum: number; data: Uint8Array }
    if (appendSum(id, first, last, data) !== sum) found(`${path}: what is at ${first} to ${last} has another checksum`)
    if (first !== at) found(`${path}: ${at} to ${first} is missing`)
    at = last
  }
  if (at !== tail) found(`${path}: it ends at ${at}, not at ${tail}`)
}
