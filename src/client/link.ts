import { backoffDelay } from '../core/backoff.ts'
import type { ServerFrame, WireError } from '../core/frames.ts'
import { beat, overdue } from './heartbeat.ts'
import { wireError } from './error.ts'
import { fallen, isFatal, reasonOf, renewable } from './ladder.ts'
import type { Moment } from './moment.ts'
import type { Link, LinkEffect, LinkInput, LinkStep } from './link-state.ts'

/** ms; PROTOCOL.md [L] says why these. */
const times = { opening: 10_000, stable: 5_000, proof: 3_000, probe: 60_000 }

export const stepLink = (link: Link, input: LinkInput, at: Moment): LinkStep => {
  const { now } = at
  switch (input.type) {
    case 'connect':
      return link.phase === 'idle' || link.phase === 'error' ? open(fresh(link), now) : [link, []]
    case 'disconnect':
      return [{ ...link, ...gone, phase: 'idle', error: null, draining: false }, closing(link)]
    case 'retry':
      return open(fresh(link), now, closing(link))
    case 'look':
      return look(link, now)
    case 'online':
      return input.online ? look({ ...link, offline: false }, now) : ask({ ...link, offline: true }, now)
    case 'opened':
      return isOurs(link, input.conn) ? [link, [{ type: 'greet', conn: input.conn }]] : [link, []]
    case 'closed':
      if (input.conn === link.conn && link.conn !== 0) return lose(link, at, { code: input.code, reason: input.reason })
      return input.conn === link.probe ? [{ ...link, probe: 0, probeAt: now + times.probe }, []] : [link, []]
    case 'heard':
      return [input.conn === link.conn ? heard(link, now) : link, []]
    case 'frame':
      if (!isOurs(link, input.conn)) return [link, []]
      return frame(link, input.conn, input.frame, at)
    case 'tick':
      return tick(link, at)
  }
}

/** When the next `tick` is due; Infinity: only another input can change anything. */
export const linkWake = (link: Link): number => {
  if (link.phase === 'waiting') return link.retryAt
  if (link.phase === 'opening') return link.since + times.opening
  if (link.phase !== 'up') return Infinity
  return Math.min(
    deadline(link),
    beat(link.ping, link.hb),
    link.doubtful ? Infinity : overdue(link.ping, link.heardAt),
    link.attempts > 0 ? link.since + times.stable : Infinity,
    canProbe(link) ? link.probeAt : Infinity,
  )
}

const gone = { conn: 0, probe: 0, doubtful: false, proveBy: Infinity, retryAt: Infinity } as const
const fresh = (link: Link): Link => ({
  ...link,
  attempts: 0,
  refused: 0,
  error: null,
  draining: false,
  rung: link.options.rungs[0] ?? 'websocket',
})
const isOurs = (link: Link, conn: number): boolean => conn !== 0 && (conn === link.conn || conn === link.probe)
const deadline = (link: Link): number => Math.min(link.heardAt + link.hb * 1.5, link.proveBy)
const canProbe = (link: Link): boolean => link.rung !== 'websocket' && link.options.rungs.includes('websocket')
const heard = (link: Link, now: number): Link => ({
  ...link,
  heardAt: now,
  doubtful: false,
  proveBy: Infinity,
})

const closing = (link: Link): LinkEffect[] =>
  [link.conn, link.probe].filter((conn) => conn !== 0).map((conn) => ({ type: 'close', conn }))

const open = (link: Link, now: number, before: readonly LinkEffect[] = []): LinkStep => {
  const conn = link.conns + 1
  const next: Link = { ...link, ...gone, phase: 'opening', since: now, conn, conns: conn }
  return [next, [...before, { type: 'open', conn, rung: link.rung }]]
}

const ask = (link: Link, now: number): LinkStep => {
  if (link.phase !== 'up') return [link, []]
  const n = link.ping.n + 1
  return [{ ...link, ping: { n, at: now, answered: false } }, [{ type: 'ping', conn: link.conn, n }]]
}

const look = (link: Link, now: number): LinkStep => {
  if (link.phase === 'waiting') return open(link, now)
  return link.phase === 'up' ? ask({ ...link, proveBy: Math.min(link.proveBy, now + times.proof) }, now) : [link, []]
}

interface Loss {
  readonly code: number
  readonly reason?: string | undefined
  readonly error?: WireError
  /** ms; the server says when to come back. */
  readonly delay?: number | undefined
}

const lose = (link: Link, at: Moment, loss: Loss): LinkStep => {
  const { now, random } = at
  // An `err` before a fatal close says more than its number; before any other end it was about something else.
  const error = loss.error ?? (isFatal(loss.code) ? link.error : null) ?? reasonOf(loss.code, loss.reason)
  const effects = closing(link)
  if (isFatal(loss.code) && !(renewable(loss.code) && link.options.renews && link.phase === 'up'))
    return [{ ...link, ...gone, phase: 'error', error }, effects]
  const attempts = link.attempts + 1
  const retryAt = attempts > link.options.maxRetries ? Infinity : now + (loss.delay ?? backoffDelay(attempts, random))
  return [
    { ...link, ...gone, ...fallen(link, loss.code), phase: 'waiting', since: now, attempts, retryAt, error },
    effects,
  ]
}

const frame = (link: Link, conn: number, frame: ServerFrame, at: Moment): LinkStep => {
  const { now } = at
  const promoted = conn === link.probe
  // It comes once a connection; a second one would change nothing that should change.
  if (frame.t === 'welcome' && (promoted || link.phase === 'opening')) {
    const next: Link = {
      ...heard(link, now),
      phase: 'up',
      since: now,
      offline: false,
      conn,
      probe: 0,
      rung: promoted ? 'websocket' : link.rung,
      refused: 0,
      error: null,
      draining: false,
      hb: frame.hb_ms,
      inFlight: frame.limits.in_flight,
      rtts: promoted ? [] : link.rtts,
    }
    const [asked, effects] = ask(next, now)
    return [asked, promoted ? [{ type: 'close', conn: link.conn }, ...effects] : effects]
  }
  if (promoted) return [link, []]
  const next = heard(link, now)
  switch (frame.t) {
    case 'ping':
      return [next, [{ type: 'pong', conn, n: frame.n }]]
    case 'pong':
      if (frame.n !== next.ping.n || next.ping.answered) return [next, []]
      return [
        {
          ...next,
          offline: false,
          ping: { ...next.ping, answered: true },
          rtts: [...next.rtts.slice(-4), now - next.ping.at],
        },
        [],
      ]
    case 'auth.expiring':
      return [next, [{ type: 'renew', conn }]]
    case 'bye': {
      const draining = frame.code === 'draining'
      const code = frame.retry ? 4000 : frame.code === 'unauthorized' ? 4401 : 4400
      return lose({ ...next, draining }, at, { code, error: wireError(frame), delay: frame.retry_after_ms })
    }
    case 'err':
      return [frame.id === undefined && frame.sub === undefined ? { ...next, error: wireError(frame) } : next, []]
    default:
      return [next, []]
  }
}

const tick = (link: Link, at: Moment): LinkStep => {
  const { now } = at
  if (link.phase === 'waiting') return now >= link.retryAt ? open(link, now) : [link, []]
  if (link.phase === 'opening') return now >= link.since + times.opening ? lose(link, at, { code: 1006 }) : [link, []]
  if (link.phase !== 'up') return [link, []]
  if (now >= deadline(link)) {
    const [lost, effects] = lose(link, at, { code: 4002 })
    // A link that failed its proof is reopened at once: the user is looking.
    return now >= link.proveBy && lost.phase === 'waiting' ? open(lost, now, effects) : [lost, effects]
  }
  const steady: Link = {
    ...link,
    doubtful: link.doubtful || now >= overdue(link.ping, link.heardAt),
    attempts: now >= link.since + times.stable ? 0 : link.attempts,
  }
  const [asked, pings] = now >= beat(steady.ping, steady.hb) ? ask(steady, now) : [steady, []]
  if (!canProbe(asked) || now < asked.probeAt) return [asked, pings]
  if (asked.probe !== 0)
    return [{ ...asked, probe: 0, probeAt: now + times.probe }, [...pings, { type: 'close', conn: asked.probe }]]
  const probe = asked.conns + 1
  const next = { ...asked, probe, conns: probe, probeAt: now + times.opening }
  return [next, [...pings, { type: 'open', conn: probe, rung: 'websocket' }]]
}
