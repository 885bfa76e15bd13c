/**
 * Room in the queue to the writer: what does not fit waits its turn, which is what holds up an agent that says more
 * than the disk takes. Something larger than all the room goes alone.
 * @param limit bytes
 */
export const queueRoom = (limit: number) => {
  let taken = 0
  let emptied: (() => void)[] = []
  const waiting: { readonly bytes: number; go(): void }[] = []
  return {
    take: (bytes: number): Promise<void> | undefined => {
      if (waiting.length === 0 && (taken === 0 || taken + bytes <= limit)) {
        taken += bytes
        return undefined
      }
      return new Promise((go) => waiting.push({ bytes, go }))
    },
    give: (bytes: number): void => {
      taken -= bytes
      for (
        let next = waiting[0];
        next !== undefined && (taken === 0 || taken + next.bytes <= limit);
        next = waiting[0]
      ) {
        waiting.shift()
        taken += next.bytes
        next.go()
      }
      if (taken > 0) return
      for (const call of emptied) call()
      emptied = []
    },
    /** Resolves when nothing is in the queue. */
    empty: (): Promise<void> => (taken === 0 ? Promise.resolve() : new Promise((resolve) => emptied.push(resolve))),
  }
}
