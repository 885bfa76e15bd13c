import { type CommandType, needs } from '../core/commands.ts'
import { formatCursor, seenHead } from '../core/cursor.ts'
import type { Dialect } from '../core/dialect.ts'
import { Failure } from '../core/failures.ts'
import type { ClientFrame } from '../core/frames.ts'
import type { Env } from '../core/ports.ts'
import { allow, type Caller, visible } from './access.ts'
import type { Gateway } from './gateway.ts'
import { aboutOf, laneOf } from './frame-manners.ts'
import { createLanes } from './lanes.ts'
import { createOutgoing, type Wire } from './outgoing.ts'
import type { Presence } from './presence.ts'
import { type Flow, subscriptionLimit, subscriptions } from './subscriptions.ts'

/** The native protocol's times in ms (PROTOCOL.md, liveness). */
export const liveness = { pingAfter: 20_000, deadAfter: 45_000, slowAfter: 60_000, warnBefore: 60_000 } as const
/** Bytes a socket may hold before nothing more is given to it. */
const bufferLimit = 262_144
/** Bytes a ms: a line that takes less than 16 KiB a second is slow for what it was given already. */
const slowest = 16
/** Commands that may wait for their ack. What else waits is mostly subscriptions, of which there may be more. */
const inFlightLimit = 32
/** Bytes of a frame before there is a credential. */
const anonymousFrame = 1024

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
  const lanes = createLanes('main')
  let { caller } = options
  let flow: Flow = { window: 1_048_576, coalesceMs: 40 }
  let greeted = false
  let heard = env.monotonic()
  let announced = false
  let commands = 0
  let crowdedSince: number | undefined

  const room = (): boolean => wire.buffered() < bufferLimit

  const out = createOutgoing({ wire, dialect, env, onBug, onShut: () => subs.clear() })
  const subs = subscriptions({
    gateway,
    env,
    room,
    send: out.send,
    sendRun: out.sendRun,
    refuse: (failure, sub) => out.refuse(failure, { sub }),
    join: (session) =>
      presence.join(session, id, (said) => {
        // True for a moment only: whoever has no room for it now has no use for it later.
        if (room()) out.send({ t: 'eph', ...said })
      }),
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
    out.send({ t: 'welcome', v: 1, conn: id, server: options.server, hb_ms: liveness.pingAfter, principal, limits })
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
    const seen = expect === undefined ? undefined : seenHead(expect, gateway.journal.epoch)
    const { seq, dup } = await gateway.say({ id: name, session, by: who.id, type, data }, seen)
    out.send({ t: 'ack', id: name, cursor: formatCursor({ epoch: gateway.journal.epoch, seq }), ...(dup && { dup }) })
  }

  const act = async (frame: ClientFrame): Promise<void> => {
    if (out.over()) return undefined
    if (frame.t === 'hello') return hello(frame)
    if (!greeted) throw new Failure('bad_frame', 'hello comes first')
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
        return out.send({
          t: 'auth.ok',
          ...(caller?.expires !== undefined && { expires_in_ms: caller.expires - env.now() }),
        })
      case 'ping':
        return out.send({ t: 'pong', n: frame.n })
      case 'pong':
        return undefined
      case 'bye':
        wire.close(1000, 'bye')
        return out.shut()
      default:
        return frame satisfies never
    }
  }

  const receive = (text: string): void => {
    if (out.over()) return
    heard = env.monotonic()
    try {
      if (!greeted && text.length > anonymousFrame) throw new Failure('frame_too_large')
      const frame = dialect.decode(text)
      const about = aboutOf(frame)
      const retryAfterMs = frame.t === 'got' || frame.t === 'pong' ? 0 : bucket()
      if (retryAfterMs > 0) return out.refuse(new Failure('rate_limited', undefined, { retryAfterMs }), about)
      const work = (): Promise<void> =>
        act(frame).catch((error: unknown) => out.refuse(error, greeted ? about : undefined))
      const lane = greeted ? laneOf(frame, subs.has) : 'main'
      if (lane === undefined) return void work()
      const isCommand = frame.t === 'cmd'
      const most = isCommand ? inFlightLimit : subscriptionLimit
      if ((isCommand ? commands : lanes.waiting() - commands) >= most)
        return out.refuse(new Failure('rate_limited', `${most} frames wait already`), about)
      if (isCommand) commands++
      lanes.run(lane, () => work().finally(() => isCommand && commands--))
    } catch (error) {
      out.refuse(error)
    }
  }

  const beat = (): void => {
    const now = env.monotonic()
    crowdedSince = room() ? undefined : (crowdedSince ?? now)
    const stalled = earliest(subs.stalledSince(), crowdedSince)
    if (now - heard > liveness.deadAfter) return out.end(new Failure('heartbeat_timeout'))
    if (stalled !== undefined && now - stalled > liveness.slowAfter + wire.buffered() / slowest)
      return out.end(new Failure('slow_consumer'))
    if (now - out.spoke() > liveness.pingAfter) out.send({ t: 'ping', n: Math.floor(now) })
    if (caller?.expires === undefined) return undefined
    const left = caller.expires - env.now()
    if (left <= 0) return out.end(new Failure('unauthorized', 'The credential has expired'))
    if (left <= liveness.warnBefore && !announced) {
      announced = true
      out.send({ t: 'auth.expiring', in_ms: left })
    }
  }

  return {
    receive,
    drained: () => {
      crowdedSince = undefined
      subs.poke()
    },
    beat,
    end: out.end,
    closed: out.shut,
    heard: () => void (heard = env.monotonic()),
  }
}

const earliest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
