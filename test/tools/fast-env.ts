import { systemEnv } from '../../src/env.ts'
import type { Env } from '../../src/core/ports.ts'

/** The real clock, so many times faster: what takes a minute by the rules takes seconds in a test. The wall clock is left alone. */
export const fastEnv = (speed: number): Env => ({
  ...systemEnv,
  monotonic: () => performance.now() * speed,
  after: (ms, call) => systemEnv.after(ms / speed, call),
})
