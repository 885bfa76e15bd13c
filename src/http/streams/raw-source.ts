import { Failure } from '../../core/failures.ts'
import { kindOf, locate, placeOf } from '../../core/stream-places.ts'
import type { Stream, StreamStore } from '../../core/streams.ts'
import { formatPlace, parsePlace } from '../../dialects/durable-streams/offset.ts'
import { toPieces } from '../../dialects/durable-streams/pieces.ts'
import { pieceSize, type Source } from './source.ts'

export const offsetOf = (store: StreamStore, stream: Stream, position: number): string =>
  formatPlace(placeOf(stream, position), store.epoch)

/** A raw stream as a reader sees it. */
export const rawSource = (store: StreamStore, stream: Stream): Source => {
  const kind = kindOf(stream.contentType)
  return {
    kind,
    contentType: stream.contentType,
    // What is at a position never changes, but the name may be given to another stream.
    cacheControl: 'private, max-age=60, stale-while-revalidate=300',
    etag: (from, next, closed) => `"${store.epoch}-${stream.id}:${from}:${next}${closed ? ':c' : ''}"`,
    offset: (position) => offsetOf(store, stream, position),
    locate: (offset) => {
      const position = locate(stream, parsePlace(offset, store.epoch))
      if (position === undefined) throw new Failure('cursor_diverged', 'The offset is not one of this stream')
      return position
    },
    tail: async () => ({ position: stream.tail, closed: stream.closed }),
    read: async (from, max) => {
      const chunk = await store.read(stream.id, from, max)
      const { tail: position, closed } = chunk.stream
      return { pieces: toPieces(kind, chunk.rows, from, Math.min(max, pieceSize)), tail: { position, closed } }
    },
    watch: (wake) => store.watch(stream.id, wake),
  }
}
