import { Failure } from '../../core/failures.ts'
import { kindOf } from '../../core/stream-places.ts'
import type { Appended, CreateStream, ForkRequest, StreamName, StreamStore } from '../../core/streams.ts'
import {
  readClosed,
  readFork,
  readLifetime,
  readProducer,
  readSeq,
  type Field,
} from '../../dialects/durable-streams/fields.ts'
import { header, standingHeaders } from '../../dialects/durable-streams/headers.ts'
import { readMessages } from '../../dialects/durable-streams/json.ts'
import { parsePlace } from '../../dialects/durable-streams/offset.ts'
import type { Call } from '../route.ts'
import { offsetOf } from './raw-source.ts'
import { streamPath } from './name.ts'

export interface WriteContext {
  readonly store: StreamStore
  readonly prefix: string
  readonly name: StreamName
}

const fieldsOf =
  ({ req }: Call): Field =>
  (name) => {
    const value = req.headers[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value
  }

const contentTypeOf = ({ req }: Call): string | undefined => {
  const type = req.headers['content-type']
  if (type === undefined || type === '') return undefined
  if (type.length > 200 || !/^[\w.+-]+\/[\w.+-]+ *(?:;.*)?$/.test(type))
    throw new Failure('invalid_request', 'The content type is not valid', { param: 'Content-Type' })
  return type
}

/** A body as it is stored. @throws Failure `invalid_json` */
const contentOf = (
  body: Buffer,
  contentType: string | undefined,
): { readonly data: Uint8Array; readonly count: number } => {
  if (body.length === 0 || contentType === undefined || kindOf(contentType) !== 'json')
    return { data: body, count: body.length }
  const { text, count } = readMessages(body)
  return { data: Buffer.from(text), count }
}

const forkOf = (field: Field, { store, prefix }: WriteContext): ForkRequest | undefined => {
  const fork = readFork(field)
  if (fork === undefined) return undefined
  const path = streamPath(fork.from, prefix)
  return { path, sub: fork.sub, ...(fork.offset !== undefined && { at: placeFrom(fork.offset, store.epoch) }) }
}

const placeFrom = (offset: string, epoch: number) => {
  try {
    return parsePlace(offset, epoch)
  } catch (error) {
    throw new Failure('cursor_invalid', undefined, { cause: error, param: header.forkOffset })
  }
}

/** PUT: creates a stream or a fork, or finds the same one. */
export const create = async (call: Call, context: WriteContext): Promise<void> => {
  const { store, name } = context
  const field = fieldsOf(call)
  const fork = forkOf(field, context)
  const lifetime = readLifetime(field)
  const body = await call.body()
  const inherited =
    fork !== undefined && body.length > 0 ? await sourceType(store, { ...name, path: fork.path }) : undefined
  const contentType = contentTypeOf(call) ?? inherited
  const request: CreateStream = {
    ...lifetime,
    ...contentOf(body, contentType),
    ...(contentType !== undefined && { contentType }),
    ...(fork !== undefined && { fork }),
    closed: readClosed(field),
  }
  const { created, stream } = await store.create(name, request)
  call.res.writeHead(created ? 201 : 200, {
    ...standingHeaders({ next: offsetOf(store, stream, stream.tail), closed: stream.closed }),
    'content-type': stream.contentType,
    'content-length': 0,
    ...(created && { location: call.url.origin + call.url.pathname }),
  })
  call.res.end()
}

const sourceType = async (store: StreamStore, name: StreamName): Promise<string> =>
  (await store.find(name, false)).contentType

/** POST: appends, closes, or both. */
export const append = async (call: Call, { store, name }: WriteContext): Promise<void> => {
  const field = fieldsOf(call)
  const producer = readProducer(field)
  const seq = readSeq(field)
  const close = readClosed(field)
  const body = await call.body()
  if (body.length === 0 && !close) throw new Failure('invalid_request', 'Nothing to append')
  const contentType = body.length === 0 ? undefined : contentTypeOf(call)
  if (body.length > 0 && contentType === undefined)
    throw new Failure('invalid_request', 'The content type is missing', { param: 'Content-Type' })
  const content = contentOf(body, contentType)
  if (body.length > 0 && content.count === 0) throw new Failure('invalid_request', 'An empty array appends nothing')
  const appended = await store.append(name, {
    ...content,
    close,
    ...(contentType !== undefined && { contentType }),
    ...(producer !== undefined && { producer }),
    ...(seq !== undefined && { seq }),
  })
  answer(call, store, appended, body.length > 0 && producer !== undefined, producer?.epoch, producer?.seq)
}

/** Tells what became of an append. What a refused producer needs to go on is in headers. */
const answer = ({ res }: Call, store: StreamStore, appended: Appended, counted: boolean, epoch = 0, seq = 0): void => {
  if (appended.outcome === 'producer_fenced') {
    res.setHeader(header.producerEpoch, appended.epoch)
    throw new Failure('producer_fenced')
  }
  if (appended.outcome === 'producer_gap') {
    res.setHeader(header.producerExpectedSeq, appended.expected).setHeader(header.producerReceivedSeq, seq)
    throw new Failure('producer_gap')
  }
  const { stream, outcome } = appended
  const stand = standingHeaders({ next: offsetOf(store, stream, stream.tail), closed: stream.closed })
  for (const [name, value] of Object.entries(stand)) res.setHeader(name, value)
  if (outcome === 'stream_closed') throw new Failure('stream_closed')
  if (appended.seq !== undefined) res.setHeader(header.producerEpoch, epoch).setHeader(header.producerSeq, appended.seq)
  res.writeHead(outcome === 'appended' && counted ? 200 : 204).end()
}
