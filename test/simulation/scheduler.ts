/** Virtual time: events happen in the order of their times, and nothing takes any time by itself. */
export interface Scheduler {
  /** ms since the schedule began */
  readonly now: () => number
  /** Calls back after so many virtual ms; events of one instant come in the order in which they were planned. */
  readonly after: (ms: number, call: () => void) => () => void
  /** Events that are still to come. */
  readonly pending: () => number
  readonly executed: () => number
  /**
   * Runs event after event, each with all the promises it settles, until a time is reached, nothing is left or `done`.
   * @param between runs after each event
   */
  readonly run: (until: number, between: () => void, done: () => boolean) => Promise<void>
}

interface Item {
  readonly time: number
  readonly order: number
  call: (() => void) | undefined
}

const before = (a: Item, b: Item): boolean => a.time < b.time || (a.time === b.time && a.order < b.order)

export const createScheduler = (): Scheduler => {
  const heap: Item[] = []
  let now = 0
  let order = 0
  let live = 0
  let executed = 0

  const push = (item: Item): void => {
    let at = heap.length
    heap.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Item
      if (before(above, item)) break
      heap[at] = above
      at = parent
    }
    heap[at] = item
  }
  const drop = (): void => {
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Item, heap[child] as Item)) child++
      if (before(last, heap[child] as Item)) break
      heap[at] = heap[child] as Item
      at = child
    }
    heap[at] = last
  }
  /** The next event up to a time; those that were cancelled are skipped. */
  const take = (until: number): (() => void) | undefined => {
    for (let first = heap[0]; first !== undefined && first.time <= until; first = heap[0]) {
      drop()
      const { call } = first
      if (call === undefined) continue
      first.call = undefined
      live--
      now = first.time
      return call
    }
    now = Math.max(now, until)
    return undefined
  }

  return {
    now: () => now,
    after: (ms, call) => {
      const item: Item = { time: now + Math.max(0, ms), order: order++, call }
      push(item)
      live++
      return () => {
        if (item.call === undefined) return
        item.call = undefined
        live--
      }
    },
    pending: () => live,
    executed: () => executed,
    run: (until, between, done) =>
      new Promise((resolve, reject) => {
        // One turn of the real loop an event: whatever promises the event settled have run when the next one comes.
        const next = (): void => {
          try {
            between()
            const call = done() ? undefined : take(until)
            if (call === undefined) return resolve()
            executed++
            call()
          } catch (error) {
            return reject(error)
          }
          setImmediate(next)
        }
        setImmediate(next)
      }),
  }
}
