import type { Env } from '../../src/core/ports.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** A program on some machine: it can be stopped and continued, killed, and its clock can be set. */
export interface Process {
  readonly env: Env
  readonly alive: () => boolean
  readonly paused: () => boolean
  /** Timers that are set. */
  readonly timers: () => number
  /** Something reaches the program from outside: now, when it is continued, or never. */
  readonly deliver: (call: () => void) => void
  /** SIGSTOP; with `frozen` its monotonic clock stops too, as when a virtual machine is suspended. */
  readonly pause: (frozen: boolean) => void
  readonly resume: () => void
  readonly kill: () => void
  /** Sets the wall clock, by ms. */
  readonly jump: (ms: number) => void
}

/**
 * The wall clock of each program is in steps of this, ms, and the rest is the program's own number: so every event of a
 * log tells which program wrote it, whoever it says it is.
 */
export const wallStep = 256
const born = 1_700_000_000_000 - (1_700_000_000_000 % wallStep)

export interface ProcessOptions {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly name: string
  /** 0 to 255, unique in a schedule. */
  readonly number: number
}

export const createProcess = ({ scheduler, random, name, number }: ProcessOptions): Process => {
  let waiting: (() => void)[] = []
  let state: 'running' | 'paused' | 'dead' = 'running'
  let skew = random.between(-2000, 2000)
  let lost = 0
  let frozenAt: number | undefined
  let ids = 0
  const timers = new Set<() => void>()

  const deliver = (call: () => void): void => {
    if (state === 'running') call()
    else if (state === 'paused') waiting.push(call)
  }
  const after: Env['after'] = (ms, call) => {
    if (state === 'dead') return () => undefined
    let over = false
    const forget = (): void => {
      over = true
      timers.delete(cancel)
    }
    const due = (): void => {
      if (over) return
      forget()
      call()
    }
    const unplan = scheduler.after(ms, () => deliver(due))
    const cancel = (): void => {
      if (over) return
      forget()
      unplan()
    }
    timers.add(cancel)
    return cancel
  }
  const resume = (): void => {
    if (state !== 'paused') return
    state = 'running'
    if (frozenAt !== undefined) lost += scheduler.now() - frozenAt
    frozenAt = undefined
    const calls = waiting
    waiting = []
    // One event each: what one of them settles has run before the next is looked at, as in a real loop.
    for (const call of calls) scheduler.after(0, () => deliver(call))
  }

  return {
    env: {
      now: () => born + Math.floor((scheduler.now() + skew) / wallStep) * wallStep + number,
      monotonic: () => (frozenAt ?? scheduler.now()) - lost,
      random: random.next,
      id: () => `${name}-${++ids}`,
      after,
    },
    alive: () => state !== 'dead',
    paused: () => state === 'paused',
    timers: () => timers.size,
    deliver,
    pause: (frozen) => {
      if (state !== 'running') return
      state = 'paused'
      if (frozen) frozenAt = scheduler.now()
    },
    resume,
    kill: () => {
      for (const cancel of timers) cancel()
      state = 'dead'
      waiting = []
    },
    jump: (ms) => (skew += ms),
  }
}
