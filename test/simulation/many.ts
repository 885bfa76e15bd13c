import { Worker } from 'node:worker_threads'
import type { Bug } from './bugs.ts'
import type { Outcome } from './simulate.ts'

export interface Batch {
  readonly from: number
  readonly seeds: number
  readonly bug?: Bug
  /** Stops at the first violation. */
  readonly once?: boolean
}

/** What a worker is given: every n-th seed is its own. */
export type Share = Batch & { readonly every: number; readonly offset: number }
/** What it says when it is done. */
export interface Told {
  readonly seeds: number
  readonly events: number
  readonly counts: Readonly<Record<string, number>>
  readonly failed: readonly Outcome[]
  /** What the thread computed, ms: on a machine that does other things too, less than went by. */
  readonly cpuMs: number
}
export type Summary = Told & { readonly ms: number }

const share = (given: Share): Promise<Told> =>
  new Promise((resolve, reject) => {
    // Schedules are short and throw everything away: with room for the young, little of it is ever copied.
    const resourceLimits = { maxYoungGenerationSizeMb: 64 }
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: given, resourceLimits })
    worker.once('message', resolve)
    worker.once('error', reject)
  })

/** Runs many seeds on several threads. */
export const many = async (batch: Batch, threads = 2): Promise<Summary> => {
  const began = performance.now()
  const told = await Promise.all(
    Array.from({ length: threads }, (_, offset) => share({ ...batch, every: threads, offset })),
  )
  const counts: Record<string, number> = {}
  for (const one of told) for (const [what, n] of Object.entries(one.counts)) counts[what] = (counts[what] ?? 0) + n
  return {
    seeds: told.reduce((sum, one) => sum + one.seeds, 0),
    events: told.reduce((sum, one) => sum + one.events, 0),
    counts,
    failed: told.flatMap(({ failed }) => failed).sort((a, b) => a.seed - b.seed),
    cpuMs: told.reduce((sum, one) => sum + one.cpuMs, 0),
    ms: performance.now() - began,
  }
}

/** How fast it was, and how fast on threads that have a core each. */
export const speed = ({ seeds, ms, cpuMs }: Summary, threads = 2): string =>
  `${Math.round((seeds / ms) * 1000)}/s, ${Math.round(((seeds * threads) / cpuMs) * 1000)}/s on ${threads} cores of its own`

/** A failure as it is printed: what broke, and how to see it again. */
export const explain = ({ seed, violation }: Outcome, bug?: string): string =>
  `seed ${seed}: ${violation?.invariant} at ${violation?.at} ms: ${violation?.message}\n` +
  `  see it: node test/simulation/run.ts --seed ${seed}${bug === undefined ? '' : ` --bug "${bug}"`}`
