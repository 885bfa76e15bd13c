import type { Place, ReadRow, Stream, StreamKind, StreamRow } from './streams.ts'

/** The media type without its parameters, in lower case: what content types are compared by. */
export const mediaType = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()

export const kindOf = (contentType: string): StreamKind => {
  const type = mediaType(contentType)
  if (type === 'application/json') return 'json'
  return type.startsWith('text/') ? 'text' : 'bytes'
}

/** The place of a position: the first stream of the chain that reaches up to it. */
export const placeOf = (stream: Pick<Stream, 'id' | 'inherited'>, position: number): Place => ({
  id: stream.inherited.find(({ to }) => position <= to)?.id ?? stream.id,
  position,
})

/** The position of a place, or undefined when it is not on this stream: ahead of the tail, or of a stream that had this name before. */
export const locate = (
  stream: Pick<Stream, 'id' | 'inherited' | 'tail'>,
  { id, position }: Place,
): number | undefined => {
  if (position > stream.tail) return undefined
  if (position === 0 && id === 0) return 0
  return placeOf(stream, position).id === id ? position : undefined
}

/** Whether a stream can expire. */
export const isMortal = ({ ttl, expires, gone }: Stream): boolean =>
  !gone && (ttl !== undefined || expires !== undefined)

/**
 * What a stream holds from a position on: what is inherited comes from the streams that wrote it, each up to where the
 * next one begins.
 * @param rows the appends of one stream that lie between two positions, in order, about `max` bytes, at least one if there is one
 */
export const stitch = (
  stream: Stream,
  from: number,
  max: number,
  rows: (id: number, from: number, to: number, max: number) => Iterable<StreamRow>,
): readonly ReadRow[] => {
  const found: ReadRow[] = []
  let at = from
  let left = max
  for (const { id, to } of [...stream.inherited, { id: stream.id, to: stream.tail }]) {
    if (at >= to || left <= 0) continue
    for (const row of rows(id, at, to, left)) {
      found.push({ ...row, to: Math.min(row.end, to) })
      left -= row.data.length
      at = Math.min(row.end, to)
    }
  }
  return found
}
