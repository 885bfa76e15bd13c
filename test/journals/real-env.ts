import { randomUUID } from 'node:crypto'
import type { Env } from '../../src/core/ports.ts'

/** The real clock and real chance. Timers do not keep a test alive. */
export const realEnv: Env = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  id: () => randomUUID(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}
