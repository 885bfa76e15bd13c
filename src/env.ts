import { randomBytes } from 'node:crypto'
import type { Env } from './core/ports.ts'

/** The real time and the real chance. Timers do not keep the process alive: sockets and the journal do. */
export const systemEnv: Env = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  id: () => randomBytes(16).toString('base64url'),
  after: (ms, call) => {
    const timer = setTimeout(call, ms).unref()
    return () => clearTimeout(timer)
  },
}
