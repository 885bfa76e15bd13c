import { Failure } from './failures.ts'
import { locate, mediaType } from './stream-places.ts'
import type { StreamTables } from './stream-tables.ts'
import type { CreateStream, Segment, Stream, StreamName } from './streams.ts'

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
