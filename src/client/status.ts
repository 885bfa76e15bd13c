import type { WireError } from '../core/frames.ts'
import { median } from './heartbeat.ts'
import type { Rung } from './ladder.ts'
import type { Link } from './link-state.ts'

/** The connection, for people: everything an indicator shows. */
export interface Status {
  /**
   * `connected` only once the server said welcome. `disconnected`: not wanted, out of retries, or the device has no network.
   * `error`: the server refused; nothing is tried again by itself.
   */
  readonly state: 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'error'
  readonly transport: Rung
  /** Median of the last five round trips, ms; null before the first. */
  readonly latencyMs: number | null
  /** Retries since the link was last stable: `reconnecting` number `attempts`. */
  readonly attempts: number
  /** When the next try comes, in the clock of `Date.now()`, ms; null when none is planned. */
  readonly nextRetryAt: number | null
  /** Commands that the server has not acknowledged. */
  readonly queued: number
  /** A pong is overdue: when something was last heard, in the clock of `Date.now()`, ms; else null. */
  readonly silentSince: number | null
  /** The device has no network. */
  readonly offline: boolean
  /** The server announced that it restarts. */
  readonly restarting: boolean
  readonly error: WireError | null
}

/** @param shift what to add to the core's clock for wall-clock time, ms */
export const statusOf = (link: Link, queued: number, shift: number): Status => ({
  state: stateOf(link),
  transport: link.rung,
  latencyMs: median(link.rtts),
  attempts: link.attempts,
  nextRetryAt: link.phase === 'waiting' && link.retryAt !== Infinity ? Math.round(link.retryAt + shift) : null,
  queued,
  silentSince: link.phase === 'up' && link.doubtful ? Math.round(link.heardAt + shift) : null,
  offline: link.offline,
  restarting: link.draining,
  error: link.phase === 'up' ? null : link.error,
})

const stateOf = (link: Link): Status['state'] => {
  if (link.phase === 'error') return 'error'
  if (link.phase === 'idle' || link.offline || (link.phase === 'waiting' && link.retryAt === Infinity))
    return 'disconnected'
  if (link.phase === 'up') return 'connected'
  return link.attempts === 0 ? 'connecting' : 'reconnecting'
}

/** True when nothing a person sees differs. */
export const same = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b)
