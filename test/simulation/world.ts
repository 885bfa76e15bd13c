import type { MemoryStore } from '../../src/journals/memory.ts'
import type { Archive } from './archive.ts'
import type { Plant } from './bugs.ts'
import type { Commands } from './commands.ts'
import { createProcess, type Process } from './process.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** The invariants of the reliability requirements; `bug` is an error that nobody expected. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'bug'
export type Violated = (invariant: Invariant, message: string) => void

/** What the faults turn. */
export interface Knobs {
  /** ms that a commit takes, at most */
  commit: number
  /** ms until a node knows of its commit, at most */
  ack: number
  /** Chance that another node's wake-up never comes; those that come are up to `wake` ms late, and doubled as often. */
  deaf: number
  wake: number
  /** ms a message is on its way, at most */
  delay: number
  /** Nothing more fits on the disk. */
  full: boolean
  /** The faults are over: models behave, and nothing new goes wrong. */
  healed: boolean
}

/** How fast things are in this schedule when nothing is wrong: the slower, the wider the windows in which things meet. */
export type Usual = Pick<Knobs, 'commit' | 'ack' | 'delay'>

export const drawUsual = (random: Random): Usual => ({
  commit: random.pick([1, 4, 4, 80]),
  ack: random.pick([0, 0, 0, 40]),
  delay: random.pick([5, 20, 20, 100]),
})

/** What all parts of one schedule share. */
export interface World {
  readonly scheduler: Scheduler
  /** Chance for what happens, apart from the plan of faults: that is drawn before the first event. */
  readonly random: Random
  readonly store: MemoryStore
  readonly archive: Archive
  readonly commands: Commands
  readonly knobs: Knobs
  readonly usual: Usual
  /** By how much a byte on the way counts more than it is: small schedules then fill a socket's buffer too. */
  readonly crowding: number
  readonly plant: Plant
  readonly violated: Violated
  readonly trace: (kind: string, who: string, text?: string) => void
  /** Counts something that happened, so that a run can show that it was not idle. */
  readonly count: (what: string) => void
  readonly spawn: (name: string) => Process
}

export const spawner = (scheduler: Scheduler, random: Random, trace: Trace) => {
  let number = 0
  return (name: string): Process => {
    trace.add(scheduler.now(), 'start', name, `as ${++number}`)
    return createProcess({ scheduler, random: random.fork(), name: `${name}.${number}`, number })
  }
}
