/** Work in lanes: in order within a lane, side by side across them. */
export interface Lanes {
  /** Runs after everything that was given to this lane before; a new lane starts after what is in `main`. `work` must not reject. */
  readonly run: (lane: string, work: () => Promise<void>) => void
  /** Pieces of work that are not done. */
  readonly waiting: () => number
}

export const createLanes = (main: string): Lanes => {
  // Made when first needed: most connections are idle.
  let last: Map<string, Promise<void>> | undefined
  let waiting = 0
  return {
    run: (lane, work) => {
      waiting++
      last ??= new Map()
      const before = last.get(lane) ?? last.get(main) ?? Promise.resolve()
      const done = before.then(work).finally(() => {
        waiting--
        if (last?.get(lane) === done) last.delete(lane)
        if (last?.size === 0) last = undefined
      })
      last.set(lane, done)
    },
    waiting: () => waiting,
  }
}
