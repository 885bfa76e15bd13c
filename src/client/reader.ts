import { backoffDelay } from '../core/backoff.ts'
import type { Event } from '../core/events.ts'
import { foldSession } from '../core/fold.ts'
import type { ClientFrame, ServerFrame, WireError } from '../core/frames.ts'
import { wireError } from './error.ts'
import type { Moment } from './moment.ts'
import { emptySession, type SessionState } from '../core/session.ts'

/** Where a reader without a cursor begins. */
type From = 'start' | 'now' | 'snapshot'

/**
 * One reader of one session: what it has, and whether it is being served. Pure: every function gives a new reader and what
 * came of it. Its cursor outlives connections; `sub`, its name on the wire, does not.
 */
export interface Reader {
  readonly session: string
  /** Its name on the wire, new for each subscription, so that nothing of an old one is taken for it. */
  readonly sub: string
  /** `idle`: to be subscribed. `asked`: until `sub.ok`. `paused`: by the application. `failed`: for good, `error` says why. */
  readonly phase: 'idle' | 'asked' | 'replay' | 'live' | 'paused' | 'failed'
  readonly from: From
  /** Everything up to here was taken. */
  readonly cursor: string | null
  /** The cursor that was given up for a snapshot that has not come yet. */
  readonly lost: string | null
  /** The server's head when the subscription began: how far a replay has to go. */
  readonly head: string | null
  /** The fold of everything up to `cursor`; null for a reader of bare events. */
  readonly state: SessionState | null
  /** Not before then, ms. */
  readonly notBefore: number
  readonly tries: number
  /** Bytes taken since the last `got`. */
  readonly bytes: number
  readonly error: WireError | null
}

export interface ReaderOptions {
  readonly from?: From
  readonly cursor?: string | null
  /** Fold the events. With a cursor, the state that stands for everything up to it. */
  readonly state?: SessionState | null
}

/** What came of an input. */
export type Told =
  /** New events, each once, in order. */
  | { readonly type: 'events'; readonly events: readonly Event[] }
  /** The state was replaced: everything up to the cursor, events in between were not shown. `diverged`: the log went back. */
  | {
      readonly type: 'jumped'
      readonly before: string | null
      readonly cursor: string
      readonly state: SessionState
      readonly diverged: boolean
    }
  | { readonly type: 'live' }
  | { readonly type: 'failed'; readonly error: WireError }

export type ReaderStep = readonly [Reader, readonly Told[]]

export const newReader = (session: string, options: ReaderOptions = {}): Reader => ({
  session,
  sub: '',
  phase: 'idle',
  from: 'start',
  cursor: null,
  lost: null,
  head: null,
  state: null,
  notBefore: 0,
  tries: 0,
  bytes: 0,
  error: null,
  ...options,
})

/** A reader that folds, from nothing. */
export const newFold = (session: string): Reader => newReader(session, { from: 'snapshot', state: emptySession })

/** Subscribes under a new name. */
export const ask = (reader: Reader, sub: string): readonly [Reader, ClientFrame] => {
  const where = reader.cursor === null ? { from: reader.from } : { cursor: reader.cursor }
  return [
    { ...reader, sub, phase: 'asked', bytes: 0, notBefore: 0 },
    { t: 'sub', id: sub, session: reader.session, ...where },
  ]
}

/** The subscription is gone, the cursor stays. */
export const rest = (reader: Reader): Reader =>
  reader.sub === '' ? reader : { ...reader, sub: '', phase: 'idle', notBefore: 0 }

/** Ask again: at once the first time, then ever later, so that what can never work is no loop. */
const again = (reader: Reader, at: Moment, delay?: number): Reader => {
  const notBefore = at.now + (delay ?? (reader.tries === 0 ? 0 : backoffDelay(reader.tries, at.random)))
  return { ...reader, sub: '', phase: 'idle', tries: reader.tries + 1, notBefore }
}

/** What it has is not the log's: begin again from what the server has. */
const anew = (reader: Reader, at: Moment): Reader => ({
  ...again(reader, at),
  from: 'snapshot',
  cursor: null,
  lost: reader.cursor ?? reader.lost,
})

/** How far a cursor is in its log; cursors of one epoch compare by it. */
export const seqOf = (cursor: string): number => Number(cursor.slice(17))
const epochOf = (cursor: string): string => cursor.slice(0, 16)

/** A frame of this reader's subscription. */
export const take = (reader: Reader, frame: ServerFrame, bytes: number, at: Moment): ReaderStep => {
  switch (frame.t) {
    case 'sub.ok':
      return begin(reader, frame, at)
    case 'ev':
      return apply({ ...reader, bytes: reader.bytes + bytes }, frame, at)
    case 'live':
      return [{ ...reader, phase: 'live' }, [{ type: 'live' }]]
    case 'err':
      return fail(reader, frame, at)
    default:
      return [reader, []]
  }
}

const begin = (reader: Reader, frame: Extract<ServerFrame, { t: 'sub.ok' }>, at: Moment): ReaderStep => {
  const next: Reader = { ...reader, phase: 'replay', cursor: frame.cursor, head: frame.head }
  if (frame.mode !== 'snapshot')
    // The answer begins elsewhere than asked: believing it would leave a hole.
    return reader.cursor === null || reader.cursor === frame.cursor ? [next, []] : [anew(reader, at), []]
  const state = frame.state as SessionState
  const before = reader.cursor ?? reader.lost
  // The log went back when what was shown is not in it any more.
  const diverged = before !== null && (epochOf(before) !== epochOf(frame.cursor) || before > frame.cursor)
  return [
    { ...next, lost: null, state: reader.state === null ? null : { ...emptySession, ...state } },
    [{ type: 'jumped', before, cursor: frame.cursor, state, diverged }],
  ]
}

const apply = (reader: Reader, frame: Extract<ServerFrame, { t: 'ev' }>, at: Moment): ReaderStep => {
  const had = reader.cursor
  if (had === null || epochOf(frame.prev) !== epochOf(had)) return [anew(reader, at), []]
  // A hole: the frame is not applied, and the events are asked for again from what the reader has [E2].
  if (frame.prev > had) return [again(reader, at), []]
  const events = frame.e.filter((event) => event.seq > seqOf(had))
  if (frame.cursor <= had) return [reader, []]
  try {
    const state = reader.state === null ? null : foldSession(reader.state, events)
    return [{ ...reader, cursor: frame.cursor, state, tries: 0 }, [{ type: 'events', events }]]
  } catch {
    // A delta that does not follow: this copy is not the log's.
    return [anew(reader, at), []]
  }
}

const fail = (reader: Reader, frame: WireError, at: Moment): ReaderStep => {
  const error = wireError(frame)
  if (error.code === 'cursor_diverged' || error.code === 'cursor_invalid' || error.code === 'trimmed') {
    // A snapshot that cannot be had would be asked for without end.
    if (reader.cursor !== null || reader.from !== 'snapshot') return [anew(reader, at), []]
  } else if (error.retryable)
    return [again(reader, at, error.retry_after_ms ?? backoffDelay(reader.tries + 1, at.random)), []]
  return [{ ...reader, sub: '', phase: 'failed', error }, [{ type: 'failed', error }]]
}

/** Bytes after which `got` is sent: a quarter of the window [F3]. */
export const gotEvery = 256 * 1024

/** The `got` that is due, if one is. */
export const thank = (reader: Reader): readonly [Reader, ClientFrame | undefined] => {
  if (reader.bytes < gotEvery || reader.cursor === null || reader.sub === '') return [reader, undefined]
  return [
    { ...reader, bytes: 0 },
    { t: 'got', sub: reader.sub, cursor: reader.cursor },
  ]
}
