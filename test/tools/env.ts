import { randomBytes } from 'node:crypto'
import type { Env } from '../../src/core/ports.ts'
import { systemEnv } from '../../src/env.ts'

/** The real clock, so many times faster: what takes a minute by the rules takes seconds in a test. The wall clock is left alone. */
export const fastEnv = (speed: number): Env => ({
  ...systemEnv,
  monotonic: () => performance.now() * speed,
  after: (ms, call) => systemEnv.after(ms / speed, call),
})

export interface TurnableEnv extends Env {
  /** Turns the clocks forward, and calls back what is due by then. */
  turn(ms: number): void
}

/** The real clock, which a test can turn forward: what waits goes off by itself, or by turning. */
export const turnableEnv = (): TurnableEnv => {
  let skew = 0
  const timers = new Set<{ readonly at: number; readonly call: () => void }>()
  const now = (): number => Date.now() + skew
  return {
    ...systemEnv,
    now,
    monotonic: () => performance.now() + skew,
    // Of one shape, so that a test can strike them out of what it compares.
    id: () => randomBytes(16).toString('hex'),
    after: (ms, call) => {
      const timer = { at: now() + ms, call }
      timers.add(timer)
      const cancel = systemEnv.after(ms, () => timers.delete(timer) && call())
      return () => {
        timers.delete(timer)
        cancel()
      }
    },
    turn: (ms) => {
      skew += ms
      for (const timer of timers) if (timer.at <= now() && timers.delete(timer)) timer.call()
    },
  }
}

export interface VirtualEnv extends Env {
  /** Lets so many ms pass: timers that are due are called in order, each at its time. */
  advance(ms: number): void
  /** Timers that wait. */
  timers(): number
}

/** Time that passes only when a test says so; no time at all passes by itself. `random` is always `chance`. */
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
      if (ms === 0) queueMicrotask(() => timers.delete(id) && call())
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
