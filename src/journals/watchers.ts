import type { Batch } from '../core/ports.ts'

type Wake = (batch: Batch | undefined) => void

/** Who wants to know of commits, by session. */
export const watchers = () => {
  const watching = new Map<string, Set<Wake>>()
  return {
    has: (session: string): boolean => watching.has(session),
    tell: (session: string, batch: Batch | undefined): void => {
      for (const wake of watching.get(session) ?? []) wake(batch)
    },
    watch: (session: string, wake: Wake): (() => void) => {
      // A wrapper of its own, so that one function can watch twice.
      const mine: Wake = (batch) => wake(batch)
      const set = watching.get(session) ?? new Set()
      watching.set(session, set.add(mine))
      return () => {
        set.delete(mine)
        if (set.size === 0 && watching.get(session) === set) watching.delete(session)
      }
    },
  }
}
