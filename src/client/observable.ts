/** A value that changes: what a view needs, no more. Fits React's useSyncExternalStore. */
export interface Observable<T> {
  get(): T
  /** Calls back after each change, until the returned function is called. */
  subscribe(listener: (value: T) => void): () => void
}

export interface Source<T> extends Observable<T> {
  set(value: T): void
}

/** @param onBug gets what a listener throws: the others are still called */
export const observe = <T>(first: T, onBug: (error: unknown) => void): Source<T> => {
  const listeners = new Set<(value: T) => void>()
  let value = first
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return
      value = next
      for (const listener of listeners) guard(() => listener(next), onBug)
    },
    subscribe: (listener) => {
      // Its own function, so that one listener subscribed twice is two.
      const own = (next: T): void => listener(next)
      listeners.add(own)
      return () => {
        listeners.delete(own)
      }
    },
  }
}

/** Runs what belongs to the application: its mistakes must not stop ours. */
export const guard = (work: () => void, onBug: (error: unknown) => void): void => {
  try {
    work()
  } catch (error) {
    onBug(error)
  }
}
