import type { Env } from '../../core/ports.ts'

/** Calls back when nothing moved for too long. Cheap to feed: one timer, however many tokens. */
export interface Watchdog {
  /** Something moved; from now on `ms` is the limit. */
  moved(ms: number): void
  /** While held, time does not count: the stream is paused by us. */
  hold(): void
  stop(): void
}

export const watchdog = (env: Env, first: number, bite: (ms: number) => void): Watchdog => {
  let last = env.monotonic()
  let limit = first
  let held = false
  let cancel: () => void = () => {}
  const watch = (ms: number): void => {
    cancel = env.after(ms, () => {
      const left = held ? limit : last + limit - env.monotonic()
      if (left > 0) watch(left)
      else bite(limit)
    })
  }
  watch(first)
  return {
    moved(ms) {
      held = false
      last = env.monotonic()
      // A limit that shrinks must not wait for the longer timer.
      if (ms < limit) {
        cancel()
        watch(ms)
      }
      limit = ms
    },
    hold() {
      held = true
    },
    stop: () => cancel(),
  }
}
