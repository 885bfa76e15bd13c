import { Failure } from './failures.ts'
import { isMortal, mediaType } from './stream-places.ts'
import type { StreamTables } from './stream-tables.ts'
import type { Appended, AppendStream, Mortal, Stream, StreamName } from './streams.ts'

const exists = (tables: StreamTables, name: StreamName): Stream => {
  const stream = tables.find(name)
  if (stream === undefined) throw new Failure('not_found', 'No such stream')
  if (stream.gone) throw new Failure('gone')
  return stream
}

/**
 * @param alive a stream that can expire was found to live; else it is only told
 * @throws Failure `not_found`, `gone`, `conflict`, `invalid_request`
 */
export const appendStream = (
  tables: StreamTables,
  name: StreamName,
  request: AppendStream,
  now: number,
  alive: boolean,
): Appended | Mortal => {
  const stream = exists(tables, name)
  if (!alive && isMortal(stream)) return { outcome: 'mortal', stream }
  const { producer, data, count } = request
  const state = producer && tables.producer(stream.id, producer.id)
  const refused = decide(stream, request, state)
  if (refused !== undefined) return refused
  const next: Stream = {
    ...stream,
    tail: stream.tail + count,
    closed: request.close,
    ...(request.close && producer !== undefined && { closedBy: producer }),
    ...(request.seq !== undefined && { seq: request.seq }),
    touched: now,
  }
  tables.update(next)
  if (count > 0) tables.addRow(stream.id, { start: stream.tail, end: next.tail, data })
  if (producer !== undefined) tables.setProducer(stream.id, producer)
  return { outcome: 'appended', stream: next, ...(producer !== undefined && { seq: producer.seq }) }
}

/** Why nothing is to be written; undefined when the append is to be made. Closure is told before anything else. */
const decide = (
  stream: Stream,
  request: AppendStream,
  state: { readonly epoch: number; readonly seq: number } | undefined,
): Appended | undefined => {
  const { producer, data, contentType = '' } = request
  if (producer !== undefined && state !== undefined && producer.epoch < state.epoch)
    return { outcome: 'producer_fenced', epoch: state.epoch }
  if (stream.closed) {
    const { closedBy } = stream
    const again =
      producer !== undefined &&
      closedBy?.id === producer.id &&
      closedBy.epoch === producer.epoch &&
      closedBy.seq === producer.seq
    if (again) return { outcome: 'duplicate', stream, seq: producer.seq }
    return request.close && data.length === 0 ? { outcome: 'duplicate', stream } : { outcome: 'stream_closed', stream }
  }
  if (data.length > 0 && mediaType(contentType) !== mediaType(stream.contentType))
    throw new Failure('conflict', `The stream is ${stream.contentType}`)
  if (producer !== undefined) {
    const known = state?.epoch === producer.epoch ? state.seq : -1
    if (state !== undefined && producer.epoch > state.epoch && producer.seq !== 0)
      throw new Failure('invalid_request', 'A new epoch starts at sequence 0', { param: 'Producer-Seq' })
    if (producer.seq <= known) return { outcome: 'duplicate', stream, seq: known }
    if (producer.seq > known + 1) return { outcome: 'producer_gap', expected: known + 1 }
  }
  if (request.seq !== undefined && stream.seq !== undefined && request.seq <= stream.seq)
    throw new Failure('conflict', 'Stream-Seq must grow')
  return undefined
}
