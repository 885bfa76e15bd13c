import type { Entry } from './outbox.ts'

/**
 * Where the outbox survives the page or the process. Every entry keeps its id for ever, so an entry that two of them send
 * has its effect once all the same: a store is about not losing, never about exactly once.
 */
export interface Store {
  /** What was left behind by a page or process that is gone. */
  load(): Promise<readonly Entry[]>
  put(entry: Entry): Promise<void>
  remove(id: string): Promise<void>
}

/** Keeps nothing: where there is no place, or nothing shall stay behind. */
export const memoryStore = (): Store => ({
  load: async () => [],
  put: async () => {},
  remove: async () => {},
})
