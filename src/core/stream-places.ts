import type { Place, Stream, StreamKind } from './streams.ts'

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
