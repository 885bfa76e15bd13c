import type { Env } from '../src/core/ports.ts'

interface VirtualEnv extends Env {
  /** Lets so many ms pass: timers that are due are called in order, each at its time. */
  advance(ms: number): void
  /** Timers that wait. */
  timers(): number
}

/** Time that passes only when a test says so. `random` is always `chance`. */
export const virtualEnv = (chance = 0.5): VirtualEnv => {
  const timers = new Map<number, { readonly at: number; readonly call: () => void }>()
  const start = Date.UTC(2026, 0, 1)
  let now = 0
  let count = 0
  return {
    now: () => start + now,
    monotonic: () => now,
    random: () => chance,
    id: () => `id-${++count}`,
    after: (ms, call) => {
      const id = ++count
      timers.set(id, { at: now + ms, call })
      return () => timers.delete(id)
    },
    advance: (ms) => {
      const until = now + ms
      for (;;) {
        const due = [...timers]
          .filter(([, timer]) => timer.at <= until)
          .sort(([a, x], [b, y]) => x.at - y.at || a - b)[0]
        if (due === undefined) break
        const [id, { at, call }] = due
        timers.delete(id)
        now = Math.max(now, at)
        call()
      }
      now = until
    },
    timers: () => timers.size,
  }
}
