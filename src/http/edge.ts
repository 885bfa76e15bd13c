import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Failure } from '../core/failures.ts'
import type { Env } from '../core/ports.ts'
import { createAdmission } from './admission.ts'
import { refuseSocket } from './answer.ts'
import type { Gate } from './gate.ts'
import type { Identity } from './identity.ts'
import { createInFlight } from './in-flight.ts'
import type { Allow } from './inspect.ts'
import { createQuota, defaultLimits, type EdgeLimits } from './limits.ts'
import type { Logger } from './log.ts'
import { createRequestHandler } from './requests.ts'
import type { Route } from './route.ts'
import { createTable } from './router.ts'
import type { SocketRoute } from './socket-route.ts'
import { asksForSocket, createUpgrader } from './upgrade.ts'
import { allSockets, createUpgradeHandler } from './upgrades.ts'

export interface EdgeOptions {
  readonly routes: readonly Route[]
  readonly sockets?: readonly SocketRoute[]
  readonly identity: Identity
  readonly allow?: Allow
  readonly limits?: Partial<EdgeLimits>
  readonly log: Logger
  readonly env: Env
}

/** The one edge: every byte from outside passes it, in one order, before anything of ours sees it. */
export interface Edge {
  /** @param port 0 for any. @throws the system's error, `EADDRINUSE` among them */
  listen(host: string, port: number): Promise<AddressInfo>
  /** Takes nothing new, lets what runs end for `grace` ms (default 5 s), then breaks it off. */
  close(grace?: number): Promise<void>
}

/** Host → target → Origin → credential → permission → body limit → handler; each step throws the Failure that is the answer. */
export const createEdge = ({
  routes,
  sockets = [],
  identity,
  allow = {},
  limits: given,
  log,
  env,
}: EdgeOptions): Edge => {
  const limits = { ...defaultLimits, ...given }
  const admission = createAdmission(limits)
  const gate: Gate = { identity, allow, admission, live: createQuota(() => limits.connectionsPerKey), log, env }
  const rows = sockets.map((route) => ({ route, upgrader: createUpgrader(route) }))
  const table = createTable<Route | 'socket'>([
    ...routes.map((route) => ({ method: route.method, path: route.path, value: route })),
    ...sockets.map((route) => ({ method: 'SOCKET', path: route.path, value: 'socket' as const })),
  ])
  const socketTable = createTable(rows.map((row) => ({ method: 'SOCKET', path: row.route.path, value: row })))
  const answer = createRequestHandler(gate, table)
  const upgrade = createUpgradeHandler(gate, socketTable, limits.authDeadline)

  const refused = new WeakSet<object>()
  const inFlight = createInFlight()
  const server = createServer({
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: limits.connectionsCheckingInterval,
    keepAliveTimeout: limits.keepAliveTimeout,
    shouldUpgradeCallback: asksForSocket,
  })
  server.maxConnections = limits.maxConnections
  server.on('connection', (socket: Socket) => {
    if (admission.enter(socket)) return
    refused.add(socket)
    refuseSocket(socket, new Failure('too_many_connections', undefined, { retryAfterMs: 5000 }), env.id(), false)
  })
  server.on('request', (req, res) => {
    if (refused.has(req.socket)) return
    inFlight.add(req, res)
    answer(req, res)
  })
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!refused.has(socket)) upgrade(req, socket, head)
  })
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    const state = socket.writable && !refused.has(socket) ? inFlight.state(socket) : 'broken'
    if (state === 'broken') socket.destroy()
    else if (state === 'answering') inFlight.whenAnswered(socket, () => socket.destroy())
    else refuseSocket(socket, unreadable(error.code), env.id(), false)
  })
  server.on('drop', () => log.warn('a connection was refused: the server has too many'))

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject).on('error', (error) => log.error({ err: error }, 'the listener failed'))
          resolve(server.address() as AddressInfo)
        })
      }),
    close: (grace = 5000) => closeServer(server, grace, () => allSockets(rows).forEach((socket) => socket.terminate())),
  }
}

const closeServer = (server: Server, grace: number, cut: () => void): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => {
      cut()
      server.closeAllConnections()
    }, grace)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })

/** What the HTTP parser could not make sense of. */
const unreadable = (code: string | undefined): Failure => {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Failure('request_timeout')
  if (code === 'HPE_HEADER_OVERFLOW') return new Failure('payload_too_large', 'The headers are too large')
  return new Failure('invalid_request', 'This is not HTTP/1.1 as it should be')
}
