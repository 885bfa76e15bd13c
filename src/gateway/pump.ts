import { after, eventsOf, toBatch } from '../core/batch.ts'
import { Failure, toFailure } from '../core/failures.ts'
import type { Batch, Chunk, Env, Journal } from '../core/ports.ts'

/** Characters of events in one frame: with its head and in UTF-8 it stays under 64 KiB for nearly every text. */
const frameSize = 32_768
/** Characters read from the journal at once. */
const readSize = 262_144

export interface PumpOptions {
  readonly source: Pick<Journal, 'read' | 'watch'> & {
    readonly recent?: (session: string, after: number, max: number) => Chunk | undefined
  }
  readonly session: string
  /** The reader has everything up to here. */
  readonly after: number
  /** The last seq there was when the reader came: it is told when it has that. */
  readonly head: number
  /** Bytes that may be on the way without a `got`; 0 for no limit. */
  readonly window: number
  /** ms during which commits are gathered into one frame; the first goes at once. */
  readonly coalesceMs: number
  readonly env: Env
  /** Whether the socket takes more now. When it does again, `poke` is called. */
  readonly room: () => boolean
  /** Sends events; answers with the size in bytes. */
  readonly send: (prev: number, batches: readonly Batch[], cursor: number) => number
  /** The reader has everything there is. Called once. */
  readonly live: (cursor: number) => void
  readonly fail: (failure: Failure) => void
}

/** Carries one session's events to one reader: replay and live are the same loop, so they cannot interleave. */
export interface Pump {
  /** The reader says that it has everything up to here. @throws Failure `bad_frame` when that was never sent */
  readonly got: (seq: number) => void
  /** The socket takes more again. */
  readonly poke: () => void
  /** Monotonic ms since which there are events that the reader does not take; undefined while it does. */
  readonly stalledSince: () => number | undefined
  readonly stop: () => void
}

/** Subscribing is atomic: first the wake-up is registered, then the log is read from the cursor. */
export const pump = (options: PumpOptions): Pump => {
  const { source, session, window, coalesceMs, env, room, send, live, fail } = options
  const sent: { readonly upTo: number; readonly bytes: number }[] = []
  let cursor = options.after
  let onTheWay = 0
  let lastSent = -Infinity
  let more = true
  let reading = false
  let isLive = false
  let stopped = false
  let stalled: number | undefined
  let cancelTimer: (() => void) | undefined

  /** True when the reader cannot be given anything now. */
  const blocked = (): boolean => {
    const full = !room() || (window > 0 && onTheWay >= window)
    stalled = full ? (stalled ?? env.monotonic()) : undefined
    return full
  }

  const step = (): void => {
    if (stopped || reading || !more || cancelTimer !== undefined) return
    const wait = isLive ? lastSent + coalesceMs - env.monotonic() : 0
    if (wait > 0) {
      cancelTimer = env.after(Math.ceil(wait), () => {
        cancelTimer = undefined
        step()
      })
      return
    }
    const recent = source.recent?.(session, cursor, readSize)
    if (recent === undefined && blocked()) return
    more = false
    if (recent === undefined) void readOn()
    else deliver(recent)
  }

  const readOn = async (): Promise<void> => {
    reading = true
    try {
      const chunk = await source.read(session, cursor, readSize)
      reading = false
      if (!stopped) deliver(chunk)
    } catch (error) {
      if (!stopped) fail(toFailure(error))
      stop()
    }
  }

  const deliver = (chunk: Chunk): void => {
    const { head } = chunk
    for (const frame of framesOf(chunk, cursor)) {
      if (blocked()) break
      const upTo = frame.at(-1)?.last ?? cursor
      const bytes = send(cursor, frame, upTo)
      cursor = upTo
      onTheWay += bytes
      if (window > 0) sent.push({ upTo, bytes })
      lastSent = env.monotonic()
    }
    if (!isLive && cursor >= Math.min(head, options.head)) {
      isLive = true
      live(cursor)
    }
    if (cursor < head) more = true
    if (more && stalled === undefined) step()
  }

  const stop = (): void => {
    stopped = true
    cancelTimer?.()
    unwatch()
  }

  const unwatch = source.watch(session, () => {
    more = true
    step()
  })
  step()

  return {
    got: (seq) => {
      if (seq > cursor) throw new Failure('bad_frame', 'got names a cursor that was never sent')
      for (let first = sent[0]; first !== undefined && first.upTo <= seq; first = sent[0]) {
        onTheWay -= first.bytes
        sent.shift()
      }
      step()
    },
    poke: step,
    stalledSince: () => (stopped || !more ? undefined : stalled),
    stop,
  }
}

const shared = new WeakMap<Chunk, { readonly cursor: number; readonly frames: readonly (readonly Batch[])[] }>()

/** The frames of a chunk for a reader at `cursor`: found once for all who are there. */
const framesOf = (chunk: Chunk, cursor: number): readonly (readonly Batch[])[] => {
  const known = shared.get(chunk)
  if (known?.cursor === cursor) return known.frames
  const frames = [...toFrames(chunk.batches, cursor)]
  shared.set(chunk, { cursor, frames })
  return frames
}

/** Whole commits joined up to the size of a frame; a commit that is larger is cut between its events. */
const toFrames = function* (batches: readonly Batch[], cursor: number): Generator<readonly Batch[]> {
  let frame: Batch[] = []
  let size = 0
  for (const whole of batches) {
    const rest = after(whole, cursor)
    if (rest === undefined) continue
    for (const batch of rest.json.length > frameSize ? cut(rest) : [rest]) {
      if (size + batch.json.length > frameSize && frame.length > 0) {
        yield frame
        frame = []
        size = 0
      }
      frame.push(batch)
      size += batch.json.length
    }
  }
  if (frame.length > 0) yield frame
}

const cut = (batch: Batch): readonly Batch[] => eventsOf(batch).map((event) => toBatch([event]))
