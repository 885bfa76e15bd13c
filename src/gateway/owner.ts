import { place } from '../core/batch.ts'
import type { Event, Said } from '../core/events.ts'
import { type Failure, toFailure } from '../core/failures.ts'
import { foldSession } from '../core/fold.ts'
import type { Done, Journal, Lease } from '../core/ports.ts'
import { type SessionState, summarize } from '../core/session.ts'

/** What one writer wants to add, seeing the state with everything before it already added. Throwing adds nothing. */
export type Decision = (state: SessionState) => {
  readonly said: readonly Said[]
  readonly done?: (seq: number) => Done
}

/** The one writer of a session: decisions go in, commits come out, in order, one at a time. */
export interface Owner {
  readonly lease: Lease
  /** What is committed. */
  readonly state: () => SessionState
  /** Decisions that wait for their commit. */
  readonly backlog: () => number
  /** Resolves with the last seq of the commit that holds the decision, once it is durable. */
  readonly write: (decision: Decision) => Promise<number>
  /** Resolves when everything that was given to `write` is settled. */
  readonly idle: () => Promise<void>
}

interface Pending {
  readonly decision: Decision
  readonly resolve: (seq: number) => void
  readonly reject: (failure: Failure) => void
}

/**
 * @param committed hears of each commit after it is durable and folded, before its writers do.
 */
export const own = (
  journal: Journal,
  lease: Lease,
  initial: SessionState,
  committed: (events: readonly Event[]) => void,
): Owner => {
  let state = initial
  let listed = ''
  let pending: Pending[] = []
  let running: Promise<void> | undefined

  const settle = async (batch: readonly Pending[]): Promise<void> => {
    let next = state
    const said: Said[] = []
    const done: Done[] = []
    const settled: (() => void)[] = []
    for (const one of batch) {
      try {
        const decided = one.decision(next)
        next = foldSession(next, place(decided.said, next.seq))
        said.push(...decided.said)
        const { seq } = next
        if (decided.done !== undefined) done.push(decided.done(seq))
        settled.push(() => one.resolve(seq))
      } catch (error) {
        settled.push(() => one.reject(toFailure(error)))
      }
    }
    // A refusal waits for the commit too: what it was refused for may be something that is not durable yet.
    try {
      if (said.length > 0 || done.length > 0) await commit(said, done, next)
      for (const settle of settled) settle()
    } catch (error) {
      for (const one of batch) one.reject(toFailure(error))
    }
  }

  const commit = async (said: readonly Said[], done: readonly Done[], next: SessionState): Promise<void> => {
    const summary = summarize(next)
    const line = JSON.stringify(summary)
    const events = await journal.append(lease, said, { done, ...(line !== listed && { summary }) })
    state = next
    listed = line
    committed(events)
  }

  const run = async (): Promise<void> => {
    while (pending.length > 0) {
      const batch = pending
      pending = []
      await settle(batch)
    }
    running = undefined
  }

  return {
    lease,
    state: () => state,
    backlog: () => pending.length,
    write: (decision) =>
      new Promise((resolve, reject) => {
        pending.push({ decision, resolve, reject })
        running ??= run()
      }),
    idle: () => running ?? Promise.resolve(),
  }
}
