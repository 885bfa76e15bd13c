import { place, toBatch } from '../../src/core/batch.ts'
import type { Agent, Batch, Env, Journal } from '../../src/core/ports.ts'
import type { MemoryOptions } from '../../src/journals/memory.ts'
import type { Invariant } from './world.ts'

/** A bug that is put in from outside, so that a test can show that the simulator finds it. */
export interface Plant {
  readonly broken?: NonNullable<MemoryOptions['broken']>
  readonly recovers?: false
  readonly agent?: (agent: Agent) => Agent
  readonly journal?: (journal: Journal, env: Env) => Journal
  /** Changes or swallows a frame on its way to a client. */
  readonly down?: (text: string) => string | undefined
  /** Invariants that it breaks: one of them must be named first. */
  readonly breaks: readonly Invariant[]
}

/** Wakes the readers with what is about to be committed. */
const showBeforeDurable = (journal: Journal): Journal => {
  const wakes = new Map<string, Set<(batch: Batch | undefined) => void>>()
  return {
    ...journal,
    watch: (session, wake) => {
      const set = wakes.get(session) ?? new Set()
      wakes.set(session, set.add(wake))
      const stop = journal.watch(session, wake)
      return () => {
        set.delete(wake)
        stop()
      }
    },
    append: (lease, said, along) => {
      const batch = toBatch(place(said, lease.head))
      for (const wake of said.length > 0 ? (wakes.get(lease.session) ?? []) : []) wake(batch)
      return journal.append(lease, said, along)
    },
  }
}

/** Reads from one event too far, where there is more than one. */
const offByOne = (journal: Journal): Journal => ({
  ...journal,
  read: async (session, after, max) => {
    const chunk = await journal.read(session, after, max)
    return after === 0 || chunk.head < after + 2 ? chunk : journal.read(session, after + 1, max)
  },
})

/** Reads the log and only then, a moment later, listens for what is new. */
const subscribeRace = (journal: Journal, env: Env): Journal => ({
  ...journal,
  watch: (session, wake) => {
    let stop = (): void => undefined
    const cancel = env.after(5, () => (stop = journal.watch(session, wake)))
    return () => {
      cancel()
      stop()
    }
  },
})

/** Ends each turn twice. */
const twoEnds = (journal: Journal): Journal => ({
  ...journal,
  append: (lease, said, along) => {
    const end = said.find((one) => one.type === 'turn.ended')
    return journal.append(lease, end === undefined ? said : [...said, end], along)
  },
})

/** Runs each turn twice: as if two nodes had started it. */
const runTwice = (agent: Agent): Agent => ({
  ...agent,
  run: async function* (turn) {
    yield* agent.run(turn)
    yield* agent.run(turn)
  },
})

/** Forgets that somebody does not listen any more. */
const leak = (journal: Journal): Journal => {
  const listening = new Set<string>()
  return {
    ...journal,
    watch: (session, wake) => {
      if (!listening.has(session)) journal.watch(session, () => undefined)
      listening.add(session)
      return journal.watch(session, wake)
    },
  }
}

/** Stores a state that is not quite what the log adds up to. */
const lossyCheckpoint = (journal: Journal): Journal => ({
  ...journal,
  trim: (lease, state) => journal.trim(lease, { ...state, items: state.items.slice(1) }),
})

/** Those that the requirements name first, then one more for each invariant that has none yet. */
export const bugs = {
  'show before durable': { journal: showBeforeDurable, breaks: ['I1'] },
  'cursor off by one': { journal: offByOne, breaks: ['I2'] },
  'subscribe race': { journal: subscribeRace, breaks: ['I5', 'I2'] },
  'no recovery of open turns': { recovers: false, breaks: ['I5', 'I4'] },
  'no dedupe of commands': { broken: { dedupe: true }, breaks: ['I3'] },
  'no fence': { broken: { fence: true }, breaks: ['I6', 'I4'] },
  'no lease check': { broken: { leases: true }, breaks: ['I6'] },
  'a turn is run twice': { agent: runTwice, breaks: ['I4'] },
  'two ends of a turn': { journal: twoEnds, breaks: ['I4'] },
  'a watch is never given back': { journal: leak, breaks: ['I7'] },
  'errors are swallowed': { down: (text) => (text.startsWith('{"t":"err"') ? undefined : text), breaks: ['I5', 'I8'] },
  'a lossy checkpoint': { journal: lossyCheckpoint, breaks: ['I9'] },
} as const satisfies Readonly<Record<string, Plant>>

export type Bug = keyof typeof bugs
