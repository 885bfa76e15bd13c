import type { SaidByAgent } from '../core/events.ts'
import type { Env } from '../core/ports.ts'
import { type Delta, follows, isDelta } from './delta.ts'
import { piecesOf } from './text.ts'

export interface CoalesceOptions {
  /** ms that deltas are gathered after one was let out; the first goes at once. Default 40. */
  readonly windowMs?: number
  /** UTF-16 code units in one delta at most. Default 8,192: even escaped it stays under a frame of 64 KiB. */
  readonly maxDelta?: number
  /** Code units waiting to be taken from which on `room` makes the speaker wait. Default 262,144. */
  readonly highWater?: number
}

/** What stands between an agent that speaks when it likes and a reader that takes when it can. */
export interface Outlet extends AsyncIterable<SaidByAgent> {
  /** Deltas of one part or one tool merge; every other event lets out what waits first. Ignored after the end. */
  push(event: SaidByAgent): void
  /** Lets out what waits, then ends, or throws what it is given. The first call counts. */
  end(...error: readonly [] | readonly [thrown: unknown]): void
  /** Whether more waits than the high-water mark. */
  full(): boolean
  /** Resolves when the outlet is not full any more, or nobody will take anything. */
  room(): Promise<void>
}

/**
 * Merges deltas so that a token does not cost a commit. A reader can iterate once; when it stops, `onStop` is called.
 */
export const coalesce = (env: Env, onStop: () => void = () => {}, options: CoalesceOptions = {}): Outlet => {
  const { windowMs = 40, maxDelta = 8192, highWater = 262_144 } = options
  const ready: SaidByAgent[] = []
  let pending: Delta | undefined
  let stopWindow: (() => void) | undefined
  let waiting = 0
  let ended: { readonly error: readonly unknown[] } | undefined
  const takers: PromiseWithResolvers<IteratorResult<SaidByAgent, undefined>>[] = []
  const starved: (() => void)[] = []

  /** Hands the oldest event to the first taker, if there are both. */
  const serve = (): void => {
    const taker = ready.length > 0 || ended !== undefined ? takers.shift() : undefined
    if (taker === undefined) return
    const event = ready.shift()
    if (event !== undefined) {
      if (isDelta(event)) waiting -= event.delta.length
      taker.resolve({ done: false, value: event })
      if (!full()) wake()
    } else if (ended === undefined || ended.error.length === 0) taker.resolve({ done: true, value: undefined })
    else {
      taker.reject(ended.error[0])
      // A reader that goes on after an error gets a plain end.
      ended = { error: [] }
    }
  }
  const full = (): boolean => ended === undefined && waiting >= highWater
  const wake = (): void => {
    for (const resolve of starved.splice(0)) resolve()
  }

  const release = (): void => {
    if (pending === undefined) return
    const delta = pending
    pending = undefined
    const last = ready.at(-1)
    // A reader that is behind gets fewer, larger deltas.
    if (last !== undefined && follows(last, delta) && last.delta.length + delta.delta.length <= maxDelta)
      ready[ready.length - 1] = { ...last, delta: last.delta + delta.delta }
    else ready.push(delta)
    serve()
  }
  const open = (): void => {
    stopWindow = env.after(windowMs, () => {
      stopWindow = undefined
      if (pending === undefined) return
      release()
      open()
    })
  }

  const pushDelta = (delta: Delta): void => {
    waiting += delta.delta.length
    if (pending !== undefined && follows(pending, delta) && pending.delta.length + delta.delta.length <= maxDelta)
      pending = { ...pending, delta: pending.delta + delta.delta }
    else {
      release()
      pending = delta
    }
    if (stopWindow !== undefined) return
    release()
    open()
  }

  const end = (...error: readonly unknown[]): void => {
    if (ended !== undefined) return
    release()
    stopWindow?.()
    ended = { error }
    wake()
    while (takers.length > 0) serve()
  }

  return {
    push(event) {
      if (ended !== undefined) return
      if (isDelta(event)) {
        let { offset } = event
        for (const delta of piecesOf(event.delta, maxDelta)) {
          pushDelta({ ...event, offset, delta })
          offset += delta.length
        }
        return
      }
      release()
      ready.push(event)
      serve()
    },
    end,
    full,
    room: () =>
      !full()
        ? Promise.resolve()
        : new Promise((resolve) => {
            starved.push(resolve)
          }),
    [Symbol.asyncIterator]: () => ({
      next() {
        const taker = Promise.withResolvers<IteratorResult<SaidByAgent, undefined>>()
        takers.push(taker)
        serve()
        return taker.promise
      },
      return() {
        pending = undefined
        ready.length = 0
        end()
        onStop()
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
}
