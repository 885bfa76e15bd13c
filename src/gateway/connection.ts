import { type CommandType, needs } from '../core/commands.ts'
import { formatCursor, parseCursor } from '../core/cursor.ts'
import type { Dialect } from '../core/dialect.ts'
import { Failure, failures, toFailure } from '../core/failures.ts'
import type { ClientFrame, ServerFrame } from '../core/frames.ts'
import type { Env } from '../core/ports.ts'
import { allow, type Caller, visible, wireError } from './access.ts'
import { fragments } from './fragments.ts'
import type { Gateway } from './gateway.ts'
import type { Presence } from './presence.ts'
import { runFrame } from './run-frame.ts'
import { type Flow, subscriptionLimit, subscriptions } from './subscriptions.ts'

/** The native protocol's times in ms (PROTOCOL.md, liveness). */
export const liveness = { pingAfter: 20_000, deadAfter: 45_000, slowAfter: 60_000, warnBefore: 60_000 } as const
/** Bytes a socket may hold before nothing more is given to it. */
const bufferLimit = 262_144
/** Frames that may wait for their turn, and so commands without an ack. */
const inFlightLimit = 32
/** Bytes of a frame before there is a credential. */
const anonymousFrame = 1024

/** A socket, reduced to what a connection needs: no connection sees a WebSocket library, and a simulator can be one. */
export interface Wire {
  readonly send: (data: string | Uint8Array) => void
  /** Bytes that are not in the network yet. */
  readonly buffered: () => number
  readonly close: (code: number, reason: string) => void
}

export interface ConnectionOptions {
  readonly wire: Wire
  readonly dialect: Dialect
  readonly gateway: Gateway
  readonly presence: Presence
  readonly env: Env
  /** Name and version, told in `welcome`. */
  readonly server: string
  /** Undefined until the first frame shows a credential. */
  readonly caller: Caller | undefined
  readonly authenticate: (token: string) => Promise<Caller | undefined>
  /** Takes a token from this connection's budget: 0, or the ms until there is one. */
  readonly bucket: () => number
  readonly onBug: (error: unknown) => void
}

/** One client's socket: frames in, frames out, any number of sessions. */
export interface Connection {
  readonly receive: (text: string) => void
  /** The socket takes more again. */
  readonly drained: () => void
  /** Called about once a second: pings, and drops what is dead, slow or void. */
  readonly beat: () => void
  /** Says why, then closes with the failure's code. */
  readonly end: (failure: Failure) => void
  /** The socket is gone. */
  readonly closed: () => void
  /** The peer answered on the socket's own level. */
  readonly heard: () => void
}

export const connect = (options: ConnectionOptions): Connection => {
  const { wire, dialect, gateway, presence, env, authenticate, bucket, onBug } = options
  const id = env.id()
  const queues = new Map<string, Promise<void>>()
  let { caller } = options
  let flow: Flow = { window: 1_048_576, coalesceMs: 40 }
  let greeted = false
  let over = false
  let waiting = 0
  let heard = env.monotonic()
  let spoke = heard
  let announced = false

  const put = (pieces: readonly (string | Uint8Array)[]): void => {
    if (over) return
    spoke = env.monotonic()
    for (const piece of pieces) wire.send(piece)
  }
  const send = (frame: ServerFrame): void => {
    const text = dialect.encode(frame)
    if (text !== undefined) put(fragments(text))
  }
  const refuse = (error: unknown, to: { readonly id?: string; readonly sub?: string } = {}): void => {
    const failure = toFailure(error)
    if (failure.code === 'internal') onBug(failure.cause ?? failure)
    if (failures[failure.code].close !== null && to.id === undefined && to.sub === undefined) end(failure)
    else send({ t: 'err', ...to, ...wireError(failure) })
  }
  const end = (failure: Failure): void => {
    if (over) return
    const code = failures[failure.code].close ?? 4400
    send({ t: 'bye', retry: code < 4400, ...wireError(failure) })
    wire.close(code, failure.code)
    closed()
  }
  const closed = (): void => {
    over = true
    subs.clear()
  }

  const subs = subscriptions({
    gateway,
    env,
    room: () => wire.buffered() < bufferLimit,
    send,
    sendRun: (run) => {
      const pieces = runFrame(dialect, run) ?? []
      put(pieces)
      return pieces.reduce((sum, piece) => sum + piece.length, 0)
    },
    refuse: (failure, sub) => refuse(failure, { sub }),
    join: (session) => presence.join(session, id, (said) => send({ t: 'eph', ...said })),
  })

  const signIn = async (token: string): Promise<void> => {
    const before = caller
    caller = await authenticate(token)
    announced = false
    if (caller === undefined) throw new Failure('unauthorized')
    if (before !== undefined && before.id !== caller.id)
      throw new Failure('forbidden', "That is another user's credential")
  }
  const hello = async (frame: Extract<ClientFrame, { t: 'hello' }>): Promise<void> => {
    if (greeted) throw new Failure('bad_frame', 'hello comes once')
    if (frame.v !== 1) throw new Failure('unsupported_version')
    if (caller === undefined) await signIn(frame.auth ?? '')
    if (caller === undefined) return
    greeted = true
    flow = { window: frame.window ?? flow.window, coalesceMs: frame.coalesce_ms ?? flow.coalesceMs }
    const limits = { frame: dialect.maxFrame, in_flight: inFlightLimit, subscriptions: subscriptionLimit }
    const principal = { id: caller.id, name: caller.name, permissions: [...caller.permissions] }
    send({ t: 'welcome', v: 1, conn: id, server: options.server, hb_ms: liveness.pingAfter, principal, limits })
  }

  const command = async ({
    id: name,
    session,
    type,
    data,
    expect,
  }: Extract<ClientFrame, { t: 'cmd' }>): Promise<void> => {
    if (!Object.hasOwn(needs, type))
      throw new Failure('invalid_request', `type: "${type}" is not a command`, { param: 'type' })
    const who = allow(caller, needs[type as CommandType])
    if (type !== 'create') await visible(gateway, session, who)
    const seen = expect === undefined ? undefined : parseCursor(expect).seq
    const { seq, dup } = await gateway.say({ id: name, session, by: who.id, type, data }, seen)
    send({ t: 'ack', id: name, cursor: formatCursor({ epoch: gateway.journal.epoch, seq }), ...(dup && { dup }) })
  }

  const act = async (frame: ClientFrame): Promise<void> => {
    if (over) return undefined
    if (frame.t === 'hello') return hello(frame)
    if (!greeted) throw new Failure(caller === undefined ? 'unauthorized' : 'bad_frame', 'hello comes first')
    switch (frame.t) {
      case 'sub':
        return subs.add(frame, allow(caller, 'read'), flow)
      case 'unsub':
        return subs.remove(frame.id)
      case 'cmd':
        return command(frame)
      case 'got':
        return subs.got(frame.sub, frame.cursor)
      case 'eph': {
        const who = allow(caller, 'read')
        await visible(gateway, frame.session, who)
        const { session, key, data, ttl = 5000 } = frame
        return presence.say(id, { session, key, data, ttl, by: who.id })
      }
      case 'auth':
        await signIn(frame.token)
        return send({
          t: 'auth.ok',
          ...(caller?.expires !== undefined && { expires_in_ms: caller.expires - env.now() }),
        })
      case 'ping':
        return send({ t: 'pong', n: frame.n })
      case 'pong':
        return undefined
      case 'bye':
        wire.close(1000, 'bye')
        return closed()
      default:
        return frame satisfies never
    }
  }

  /** Frames of one session are done in their order; a slow session does not hold up the others. */
  const enqueue = (frame: ClientFrame): void => {
    const queue = frame.t === 'cmd' ? frame.session : ''
    const before = queues.get(queue) ?? queues.get('') ?? Promise.resolve()
    waiting++
    const done = before
      .then(() => act(frame))
      .catch((error: unknown) => refuse(error, addressOf(frame)))
      .finally(() => {
        waiting--
        if (queues.get(queue) === done) queues.delete(queue)
      })
    queues.set(queue, done)
  }

  const receive = (text: string): void => {
    if (over) return
    heard = env.monotonic()
    try {
      if (!greeted && text.length > anonymousFrame) throw new Failure('frame_too_large')
      const frame = dialect.decode(text)
      const retryAfterMs = frame.t === 'got' || frame.t === 'pong' ? 0 : bucket()
      if (retryAfterMs > 0) refuse(new Failure('rate_limited', undefined, { retryAfterMs }), addressOf(frame))
      else if (waiting >= inFlightLimit)
        refuse(new Failure('rate_limited', `${inFlightLimit} frames wait already`), addressOf(frame))
      else enqueue(frame)
    } catch (error) {
      refuse(error)
    }
  }

  const beat = (): void => {
    const now = env.monotonic()
    const stalled = subs.stalledSince()
    if (now - heard > liveness.deadAfter) return end(new Failure('heartbeat_timeout'))
    if (stalled !== undefined && now - stalled > liveness.slowAfter) return end(new Failure('slow_consumer'))
    if (now - spoke > liveness.pingAfter) send({ t: 'ping', n: Math.floor(now) })
    if (caller?.expires === undefined) return undefined
    const left = caller.expires - env.now()
    if (left <= 0) return end(new Failure('unauthorized', 'The credential has expired'))
    if (left <= liveness.warnBefore && !announced) {
      announced = true
      send({ t: 'auth.expiring', in_ms: left })
    }
  }

  return { receive, drained: subs.poke, beat, end, closed, heard: () => void (heard = env.monotonic()) }
}

/** What an error about this frame names. */
const addressOf = (frame: ClientFrame): { readonly id?: string; readonly sub?: string } => {
  if (frame.t === 'cmd') return { id: frame.id }
  if (frame.t === 'sub' || frame.t === 'unsub') return { sub: frame.id }
  return frame.t === 'got' ? { sub: frame.sub } : {}
}
