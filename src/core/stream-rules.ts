import { Failure } from './failures.ts'
import { isMortal, locate, mediaType } from './stream-places.ts'
import type {
  Appended,
  AppendStream,
  CreateStream,
  Mortal,
  Producer,
  Segment,
  Stream,
  StreamName,
  StreamRow,
} from './streams.ts'

/** What the rules need of a store, inside one transaction. */
export interface StreamTables {
  find(name: StreamName): Stream | undefined
  get(id: number): Stream | undefined
  /** Gives it an id that was never used before. */
  insert(stream: Omit<Stream, 'id'>): Stream
  update(stream: Stream): void
  /** With its rows and producers. */
  delete(id: number): void
  producer(stream: number, producer: string): Pick<Producer, 'epoch' | 'seq'> | undefined
  setProducer(stream: number, producer: Producer): void
  addRow(stream: number, row: StreamRow): void
  /** The append that the position is in. */
  rowAt(stream: number, position: number): Pick<StreamRow, 'start' | 'end'> | undefined
}

const exists = (tables: StreamTables, name: StreamName): Stream => {
  const stream = tables.find(name)
  if (stream === undefined) throw new Failure('not_found', 'No such stream')
  if (stream.gone) throw new Failure('gone')
  return stream
}

/** Creates a stream, or finds the one that was created by the same request. @throws Failure, see StreamStore.create */
export const createStream = (
  tables: StreamTables,
  name: StreamName,
  request: CreateStream,
  now: number,
): { created: boolean; stream: Stream } => {
  const existing = tables.find(name)
  if (existing !== undefined) {
    if (existing.gone) throw new Failure('conflict', 'A deleted stream of this name is kept for its forks')
    if (!isSame(existing, request)) throw new Failure('conflict', 'The stream exists with another configuration')
    return { created: false, stream: existing }
  }
  const { fork, data, count } = request
  const source = fork && tables.find({ scope: name.scope, path: fork.path })
  if (fork !== undefined && source === undefined) throw new Failure('not_found', 'No such stream to fork')
  if (source?.gone === true) throw new Failure('conflict', 'The stream to fork was deleted')
  const contentType = request.contentType ?? source?.contentType ?? 'application/octet-stream'
  if (source !== undefined && mediaType(contentType) !== mediaType(source.contentType))
    throw new Failure('conflict', `The stream to fork is ${source.contentType}`)
  const point = source && fork ? forkPoint(tables, source, fork) : 0
  const own = request.ttl === undefined && request.expires === undefined && source ? source : request
  const stream = tables.insert({
    ...name,
    contentType,
    tail: point + count,
    closed: request.closed,
    ...(own.ttl !== undefined && { ttl: own.ttl }),
    ...(own.expires !== undefined && { expires: own.expires }),
    ...(source !== undefined && fork !== undefined && { fork: { ...fork, id: source.id } }),
    inherited: source === undefined ? [] : inherit(source, point),
    forks: 0,
    gone: false,
    touched: now,
  })
  if (source !== undefined) tables.update({ ...source, forks: source.forks + 1 })
  if (count > 0) tables.addRow(stream.id, { start: point, end: stream.tail, data })
  return { created: true, stream }
}

/** How many streams one stream may be read from: a fork of a fork of a fork. */
const deepest = 64

/** @throws Failure `invalid_request` */
const inherit = (source: Stream, point: number): readonly Segment[] => {
  const segments = [...source.inherited, { id: source.id, to: source.tail }]
    .map(({ id, to }) => ({ id, to: Math.min(to, point) }))
    .filter(({ to }, index, all) => to > (all[index - 1]?.to ?? 0))
  if (segments.length >= deepest) throw new Failure('invalid_request', `Forks of forks end at ${deepest}`)
  return segments
}

/** @throws Failure `cursor_invalid` */
const forkPoint = (tables: StreamTables, source: Stream, { at, sub }: NonNullable<CreateStream['fork']>): number => {
  if (at === undefined) return source.tail
  const anchor = locate(source, at)
  if (anchor === undefined) throw new Failure('cursor_invalid', 'The fork offset is not one of the source')
  if (sub === 0) return anchor
  const holder = source.inherited.find(({ to }) => anchor < to)
  const row = tables.rowAt(holder?.id ?? source.id, anchor)
  const end = Math.min(row?.end ?? anchor, holder?.to ?? source.tail)
  if (anchor + sub > end) throw new Failure('cursor_invalid', 'The sub-offset reaches over the next append')
  return anchor + sub
}

const isSame = (stream: Stream, request: CreateStream): boolean => {
  const { fork, contentType = fork === undefined ? 'application/octet-stream' : stream.contentType } = request
  const inherits = fork !== undefined && request.ttl === undefined && request.expires === undefined
  return (
    mediaType(contentType) === mediaType(stream.contentType) &&
    (inherits || (request.ttl === stream.ttl && request.expires === stream.expires)) &&
    request.closed === stream.closed &&
    fork?.path === stream.fork?.path &&
    fork?.sub === stream.fork?.sub &&
    fork?.at?.position === stream.fork?.at?.position
  )
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

/** Deletes a stream; while it has forks, only its name is dead. What it was the last fork of goes with it. */
export const removeStream = (tables: StreamTables, id: number): void => {
  const stream = tables.get(id)
  if (stream !== undefined && stream.forks > 0) tables.update({ ...stream, gone: true })
  for (let dead = stream?.forks === 0 ? stream : undefined; dead !== undefined;) {
    tables.delete(dead.id)
    const source = dead.fork && tables.get(dead.fork.id)
    const left = source && { ...source, forks: source.forks - 1 }
    if (left !== undefined) tables.update(left)
    dead = left?.gone === true && left.forks === 0 ? left : undefined
  }
}

/** Writes down that a stream was used. */
export const touchStream = (tables: StreamTables, id: number, now: number): void => {
  const stream = tables.get(id)
  if (stream !== undefined && stream.touched < now) tables.update({ ...stream, touched: now })
}
