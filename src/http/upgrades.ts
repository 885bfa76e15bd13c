import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { Failure, failures, toFailure } from '../core/failures.ts'
import { refuseSocket } from './answer.ts'
import { hasBody } from './body.ts'
import type { Credential } from './credential.ts'
import { identify, need, takeLive, type Gate } from './gate.ts'
import { inspect, whence } from './inspect.ts'
import { redactTarget } from './log.ts'
import type { Principal } from './route.ts'
import type { Router } from './router.ts'
import type { Opening, SocketRoute } from './socket-route.ts'
import { checkHandshake, type Upgrader } from './upgrade.ts'

/** A socket path with what makes its sockets. */
export interface SocketRow {
  readonly route: SocketRoute
  readonly upgrader: Upgrader
}

/** Bytes that a socket may send before it has shown a credential. */
const unknownBytes = 65_536

interface Asked {
  readonly url: URL
  readonly params: Readonly<Record<string, string>>
  readonly credential: Credential | undefined
  readonly requestId: string
}

/** Checks upgrade requests in the same order as all others, and refuses them with a real status before the 101. */
export const createUpgradeHandler = (gate: Gate, table: Router<SocketRow>, authDeadline: number) => {
  const start = (req: IncomingMessage, socket: Duplex, head: Buffer, requestId: string): void => {
    const seen = inspect(req, gate.allow)
    const found = table.find('SOCKET', seen.url.pathname)
    const came = whence(req, seen, gate.allow, true)
    if (found === undefined) throw new Failure('not_found')
    checkHandshake(req)
    if (hasBody(req)) throw new Failure('invalid_request', 'An upgrade has no body')
    const credential = identify(gate, req, seen, came, true)
    const { route, upgrader } = found.value
    const access = route.access ?? 'read'
    if (credential !== undefined) need(credential.principal, access)
    const release = credential === undefined ? undefined : takeLive(gate, credential.principal)
    if (release !== undefined) socket.once('close', release)
    const asked = { url: seen.url, params: found.params, credential, requestId }
    upgrader.upgrade(req, socket, head, (ws) => take(ws, req, route, asked))
  }

  // A function of its own: what `start` looked at must not stay as long as the socket does.
  const take = (ws: WebSocket, req: IncomingMessage, route: SocketRoute, asked: Asked): void => {
    const raw = req.socket
    const { url, params, credential, requestId } = asked
    let stop = (): void => {}
    const admit = (principal: Principal): void => {
      need(principal, route.access ?? 'read')
      ws.once('close', takeLive(gate, principal))
      gate.admission.admit(raw)
      stop()
    }
    const opening: Opening = {
      socket: ws,
      req,
      url,
      params,
      principal: credential?.principal ?? null,
      carrier: credential?.carrier ?? null,
      requestId,
      // Made only where a line is written: thousands of sockets that say nothing have none.
      get log() {
        return gate.log.child({ request_id: requestId })
      },
      admit,
    }
    if (credential === undefined) stop = deadline(opening, route)
    hand(opening, route)
  }

  /** However large a dialect's frames may be: they are not gathered for somebody unknown. */
  const bound = ({ socket, req }: Opening): (() => void) => {
    const wire = req.socket
    const most = wire.bytesRead + unknownBytes
    const count = (): void => {
      if (wire.bytesRead > most) socket.terminate()
    }
    wire.prependListener('data', count)
    return () => void wire.off('data', count)
  }

  const deadline = (opening: Opening, route: SocketRoute): (() => void) => {
    const { socket } = opening
    const late = route.late ?? (() => socket.close(failures.authentication_timeout.close, 'authentication_timeout'))
    const stop = gate.env.after(authDeadline, () => {
      late(opening)
      // Whoever stays silent does not answer a close either.
      const end = gate.env.after(1000, () => socket.terminate())
      socket.once('close', end)
    })
    const free = bound(opening)
    const done = (): void => {
      stop()
      free()
    }
    socket.once('close', done)
    return done
  }

  const hand = (opening: Opening, route: SocketRoute): void => {
    const { socket, requestId } = opening
    watch(socket, requestId, gate)
    gate.log.info({ request_id: requestId, ...whom(opening) }, 'socket opened')
    try {
      route.open(opening)
    } catch (error) {
      opening.log.error({ err: error }, 'a socket could not be opened')
      socket.close(1011)
    }
  }

  return (req: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    const requestId = gate.env.id()
    try {
      start(req, socket, head, requestId)
    } catch (error) {
      const failure = toFailure(error)
      const line = {
        request_id: requestId,
        target: redactTarget(req.url ?? ''),
        code: failure.code,
        from: req.socket.remoteAddress,
      }
      if (failure.code === 'internal') gate.log.error({ ...line, err: failure.cause ?? failure }, 'an upgrade failed')
      else gate.log.info(line, 'upgrade refused')
      refuseSocket(socket, failure, requestId, false)
    }
  }
}

/** All sockets of all paths. */
export const allSockets = (rows: readonly SocketRow[]): readonly WebSocket[] =>
  rows.flatMap((row) => [...row.upgrader.sockets()])

const whom = ({ req, principal }: Opening) => ({
  target: redactTarget(req.url ?? ''),
  by: principal?.id,
  from: req.socket.remoteAddress,
})

/** Logs how a socket ends. Outside the handler, so that its listeners keep nothing else alive. */
const watch = (socket: WebSocket, requestId: string, { log, env }: Gate): void => {
  const started = env.monotonic()
  // Protocol violations arrive here; `ws` closes by itself.
  socket.on('error', (error) => log.debug({ request_id: requestId, err: error }, 'a socket broke a rule'))
  socket.once('close', (code: number) =>
    log.info({ request_id: requestId, code, ms: Math.round(env.monotonic() - started) }, 'socket closed'),
  )
}
