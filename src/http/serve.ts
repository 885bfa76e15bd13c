import type { AddressInfo } from 'node:net'
import type { Dialect } from '../core/dialect.ts'
import type { Env } from '../core/ports.ts'
import type { StreamStore } from '../core/streams.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { createEdge } from './edge.ts'
import { healthRoutes } from './health.ts'
import type { Identity } from './identity.ts'
import type { Allow } from './inspect.ts'
import type { EdgeLimits } from './limits.ts'
import type { Logger } from './log.ts'
import type { Route } from './route.ts'
import { accountRoutes } from './routes-account.ts'
import { sessionRoutes } from './routes-sessions.ts'
import { sessionEventRoutes } from './session-events.ts'
import type { SocketRoute } from './socket-route.ts'
import { createSockets } from './sockets.ts'
import { streamRoutes } from './streams/routes.ts'

export interface ServeOptions {
  readonly gateway: Gateway
  readonly identity: Identity
  readonly dialects: readonly Dialect[]
  readonly env: Env
  readonly log: Logger
  readonly version: string
  readonly allow?: Allow
  readonly limits?: Partial<EdgeLimits>
  readonly rate?: { readonly rate: number; readonly burst: number }
  /** Whether new work can be stored. */
  readonly ready?: () => { readonly ok: boolean; readonly reason?: string }
  /** Where raw streams are kept; without it there are none. */
  readonly streams?: StreamStore
  /** Further rows of the route table: the page, administration. */
  readonly routes?: readonly Route[]
}

/** ms over which clients come back after a restart. */
const spread = 2000

/** A gateway with its one edge. */
export interface Server {
  /** Everything that it answers: what is true of each row can be tested of each row. */
  readonly routes: readonly Route[]
  readonly sockets: readonly SocketRoute[]
  /** @param port 0 for any */
  readonly listen: (host: string, port: number) => Promise<AddressInfo>
  /** Clients connected by WebSocket. */
  readonly connections: () => number
  /** Ready no more, running turns get `graceMs`, clients are told to come back, and everything is written. */
  readonly drain: (graceMs: number) => Promise<void>
}

export const createServer = (options: ServeOptions): Server => {
  const { gateway, identity, dialects, env, log, version, ready = () => ({ ok: true }) } = options
  let draining = false
  const isReady = () => (draining ? { ok: false, reason: 'The server is stopping' } : ready())
  const stopping = new AbortController()
  const live = { env, stopping: stopping.signal }
  const sockets = createSockets({ ...options, server: `holdfast/${version}` })
  const routes = [
    ...healthRoutes({ ready: isReady, version, env }),
    ...accountRoutes({ identity, ticketPath: dialects[0]?.path ?? '/' }),
    ...sessionRoutes(gateway, env),
    ...sessionEventRoutes({ ...live, journal: gateway.journal }),
    ...(options.streams === undefined
      ? []
      : streamRoutes({ ...live, store: options.streams, scope: (call) => call.principal.id })),
    ...(options.routes ?? []),
  ]
  const edge = createEdge({ ...options, sockets: sockets.routes, routes })
  return {
    routes,
    sockets: sockets.routes,
    listen: edge.listen,
    connections: sockets.connections,
    drain: async (graceMs) => {
      draining = true
      log.info({ running: gateway.running(), connections: sockets.connections() }, 'draining')
      await gateway.drain(graceMs)
      stopping.abort()
      sockets.bye(spread)
      sockets.close()
      await edge.close()
      await gateway.close()
      identity.close()
    },
  }
}
