import type { Stream, StreamName, StreamStore } from '../../core/streams.ts'
import { header, standingHeaders } from '../../dialects/durable-streams/headers.ts'
import type { Call, Route } from '../route.ts'
import { streamPath } from './name.ts'
import { offsetOf, rawSource } from './raw-source.ts'
import { serveRead } from './read.ts'
import type { LiveOptions } from './source.ts'
import { append, create, type WriteContext } from './write.ts'

export interface StreamRouteOptions extends LiveOptions {
  readonly store: StreamStore
  /** Where the streams are. Default `/v1/streams`. */
  readonly prefix?: string
  /** bytes of one append. Default 10 MiB. */
  readonly limit?: number
  /** Whose streams a caller sees. Default: all callers have one scope, `main`. */
  readonly scope?: (call: Call) => string
}

/** The rows of the route table that serve raw streams with the whole Durable Streams protocol but its subscriptions. */
export const streamRoutes = (options: StreamRouteOptions): readonly Route[] => {
  const { store, prefix = '/v1/streams', limit = 10 * 1024 * 1024, scope = () => 'main' } = options
  const path = `${prefix}/**`
  const nameOf = (call: Call): StreamName => ({ scope: scope(call), path: streamPath(call.url.pathname, prefix) })
  const contextOf = (call: Call): WriteContext => ({ store, prefix, name: nameOf(call) })
  return [
    {
      method: 'GET',
      path,
      cors: true,
      access: 'read',
      handle: (call) => serveRead(call, async () => rawSource(store, await store.find(nameOf(call), true)), options),
    },
    {
      method: 'HEAD',
      path,
      cors: true,
      access: 'read',
      handle: async (call) => tell(call, store, await store.find(nameOf(call), false)),
    },
    { method: 'PUT', path, cors: true, access: 'write', limit, handle: (call) => create(call, contextOf(call)) },
    { method: 'POST', path, cors: true, access: 'write', limit, handle: (call) => append(call, contextOf(call)) },
    {
      method: 'DELETE',
      path,
      cors: true,
      access: 'write',
      handle: async (call) => {
        await store.remove(nameOf(call))
        call.res.writeHead(204).end()
      },
    },
  ]
}

const tell = ({ res }: Call, store: StreamStore, stream: Stream): void => {
  const { tail, closed, ttl, expires, contentType } = stream
  res.writeHead(200, {
    ...standingHeaders({ next: offsetOf(store, stream, tail), closed }),
    ...(ttl !== undefined && { [header.ttl]: ttl }),
    ...(expires !== undefined && { [header.expiresAt]: new Date(expires).toISOString() }),
    'content-type': contentType,
    'cache-control': 'no-store',
  })
  res.end()
}
