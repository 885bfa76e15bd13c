import type { ServerFrame, WireError } from '../core/frames.ts'
import type { Ping } from './heartbeat.ts'
import { allRungs, type Rung } from './ladder.ts'

/**
 * The connection, as a pure machine: no socket, clock, timer or randomness. Who runs it feeds it inputs with the time (ms
 * of a clock that never jumps) and one random number, does what the effects say, and calls again with `tick` at `linkWake`.
 * A connection has a number, so what comes late from an old one is told apart and ignored.
 */
export interface Link {
  readonly options: LinkOptions
  /** `idle`: not wanted. `waiting`: for `retryAt`. `opening`: until `welcome`. `error`: stopped for good, `error` says why. */
  readonly phase: 'idle' | 'opening' | 'up' | 'waiting' | 'error'
  /** The connection in use or being opened; 0: none. */
  readonly conn: number
  /** The WebSocket that is tried beside a link over HTTP; 0: none. */
  readonly probe: number
  /** When the next probe is due, or the running one is given up. */
  readonly probeAt: number
  /** Connection numbers given so far. */
  readonly conns: number
  readonly rung: Rung
  /** Openings in a row that never got to `welcome`. */
  readonly refused: number
  /** Retries since the link was last stable. */
  readonly attempts: number
  /** When the phase began. */
  readonly since: number
  /** Infinity once `maxRetries` is used up. */
  readonly retryAt: number
  readonly heardAt: number
  readonly ping: Ping
  /** A pong is overdue: the link may be dead. */
  readonly doubtful: boolean
  /** Something must be heard by then, else the link is taken for dead. Infinity: only the heartbeat counts. */
  readonly proveBy: number
  /** The last round trips, ms, oldest first. */
  readonly rtts: readonly number[]
  /** The server's heartbeat, ms. */
  readonly hb: number
  /** The device says that it has no network, and no ping sent since came back: what else is heard may have been on its way. */
  readonly offline: boolean
  /** The server said that it restarts. */
  readonly draining: boolean
  readonly error: WireError | null
  /** From the last `welcome`. */
  readonly inFlight: number
}

export interface LinkOptions {
  /** What can be used here, best first. */
  readonly rungs: readonly Rung[]
  /** Retries before it gives up until the user, the network or the page come back. Default Infinity. */
  readonly maxRetries: number
  /** A new credential can be had, so one that ran out is not the end. */
  readonly renews: boolean
}

export type LinkInput =
  | { readonly type: 'connect' | 'disconnect' | 'tick' }
  /** The user wants it now. */
  | { readonly type: 'retry' }
  /** The page became visible, or came back: prove that the link lives. */
  | { readonly type: 'look' }
  | { readonly type: 'online'; readonly online: boolean }
  | { readonly type: 'opened'; readonly conn: number }
  /** Closed, broken off, or never opened. `code` as of a WebSocket; 1006 when nobody said. */
  | { readonly type: 'closed'; readonly conn: number; readonly code: number; readonly reason?: string }
  /** Bytes came that are no frame. */
  | { readonly type: 'heard'; readonly conn: number }
  | { readonly type: 'frame'; readonly conn: number; readonly frame: ServerFrame }

export type LinkEffect =
  | { readonly type: 'open'; readonly conn: number; readonly rung: Rung }
  /** Answered by no `closed`: the number is forgotten. */
  | { readonly type: 'close'; readonly conn: number }
  /** Send `hello`, with the credential. */
  | { readonly type: 'greet'; readonly conn: number }
  | { readonly type: 'ping'; readonly conn: number; readonly n: number }
  | { readonly type: 'pong'; readonly conn: number; readonly n: number }
  /** The credential runs out: send `auth` with a new one. */
  | { readonly type: 'renew'; readonly conn: number }

export type LinkStep = readonly [Link, readonly LinkEffect[]]

export const newLink = (options: Partial<LinkOptions> = {}): Link => ({
  options: { rungs: allRungs, maxRetries: Infinity, renews: false, ...options },
  phase: 'idle',
  conn: 0,
  probe: 0,
  probeAt: 0,
  conns: 0,
  rung: 'websocket',
  refused: 0,
  attempts: 0,
  since: 0,
  retryAt: Infinity,
  heardAt: 0,
  ping: { n: 0, at: 0, answered: true },
  doubtful: false,
  proveBy: Infinity,
  rtts: [],
  hb: 20_000,
  offline: false,
  draining: false,
  error: null,
  inFlight: 32,
})
