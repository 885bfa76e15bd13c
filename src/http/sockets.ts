import type { Dialect } from '../core/dialect.ts'
import { Failure } from '../core/failures.ts'
import type { Env } from '../core/ports.ts'
import { connect, type Connection } from '../gateway/connection.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Wire } from '../gateway/outgoing.ts'
import { createPresence } from '../gateway/presence.ts'
import type { Identity } from './identity.ts'
import { framed } from './framed.ts'
import { createBucket, frameRate } from './limits.ts'
import type { Logger } from './log.ts'
import type { Principal } from './route.ts'
import type { Opening, SocketRoute } from './socket-route.ts'

export interface SocketsOptions {
  readonly gateway: Gateway
  readonly dialects: readonly Dialect[]
  readonly identity: Identity
  readonly env: Env
  readonly log: Logger
  /** Name and version, told to clients. */
  readonly server: string
  /** Frames a second and at once that one client may send. */
  readonly rate?: { readonly rate: number; readonly burst: number }
}

export interface Sockets {
  readonly routes: readonly SocketRoute[]
  readonly connections: () => number
  /** Tells every client to come back after a random time up to `spreadMs`, so that they do not all come at once. */
  readonly bye: (spreadMs: number) => void
  readonly close: () => void
}

/** ms between two looks at each connection. */
const beatEvery = 1000

/** Every WebSocket wire: real sockets on one side, connections of the gateway on the other. */
export const createSockets = ({
  gateway,
  dialects,
  identity,
  env,
  log,
  server,
  rate = frameRate,
}: SocketsOptions): Sockets => {
  const open = new Map<Connection, () => string>()
  const presence = createPresence()

  const accept = (dialect: Dialect, opening: Opening): void => {
    const { socket, req, principal, requestId, admit } = opening
    // Only what is needed is kept: a request with its headers would stay as long as the socket does.
    const raw = req.socket
    const { origin } = req.headers
    let key = principal?.key ?? ''
    const wire: Wire = {
      send: (data) => {
        if (typeof data === 'string') socket.send(data)
        else if (socket.readyState === socket.OPEN) raw.write(framed(data))
      },
      buffered: () => raw.writableLength,
      close: (code, reason) => socket.close(code, reason),
    }
    const authenticate = async (token: string): Promise<Principal | undefined> => {
      const ticketKey = identity.tickets.redeem(token, dialect.path, origin)
      const found = ticketKey === undefined ? identity.authenticate(token) : identity.principal(ticketKey)
      if (found === null) return undefined
      if (key === '') admit(found)
      key = found.key
      return found
    }
    const connection = connect({
      wire,
      dialect,
      gateway,
      presence,
      env,
      server,
      caller: principal ?? undefined,
      authenticate,
      bucket: createBucket(rate, env.monotonic),
      onBug: (error) => log.error({ request_id: requestId, err: error }, 'a frame could not be handled'),
    })
    open.set(connection, () => key)
    socket.on('message', (data, isBinary) => {
      if (isBinary) connection.end(new Failure('bad_frame', 'Frames are text'))
      else connection.receive((data as Buffer).toString())
    })
    socket.on('pong', connection.heard)
    raw.on('drain', connection.drained)
    socket.once('close', () => {
      open.delete(connection)
      connection.closed()
    })
  }

  /** One timer for all: pings, dead and slow peers, and credentials that were revoked. */
  const beat = (): void => {
    const good = new Map<string, boolean>([['', true]])
    for (const [connection, keyOf] of open) {
      const key = keyOf()
      if (!good.has(key)) good.set(key, identity.principal(key) !== null)
      if (good.get(key) === true) connection.beat()
      else connection.end(new Failure('unauthorized', 'The key was revoked'))
    }
    cancel = env.after(beatEvery, beat)
  }
  let cancel = env.after(beatEvery, beat)

  return {
    routes: dialects.map((dialect) => ({
      path: dialect.path,
      maxPayload: dialect.maxFrame,
      open: (opening) => accept(dialect, opening),
    })),
    connections: () => open.size,
    bye: (spreadMs) => {
      for (const connection of open.keys())
        connection.end(new Failure('draining', undefined, { retryAfterMs: Math.round(env.random() * spreadMs) }))
    },
    close: () => cancel(),
  }
}
