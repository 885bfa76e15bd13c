/** What a wait that was given up rejects with. React Native has neither DOMException nor `AbortSignal.reason` everywhere. */
export const abortError = (signal?: AbortSignal): Error =>
  (signal?.reason as Error | undefined) ?? Object.assign(new Error('Aborted'), { name: 'AbortError' })

/** @throws what the signal was aborted with */
export const check = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw abortError(signal)
}

/**
 * A promise that rejects when the signal aborts. `start` is given how to end it, and answers with what to undo then,
 * however it ends.
 */
export const abortable = <T>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> =>
  new Promise((resolve, reject) => {
    let undo: (() => void) | undefined
    let over = false
    const aborted = (): void => end(() => reject(abortError(signal)))
    const end = (finish: () => void): void => {
      if (over) return
      over = true
      signal?.removeEventListener('abort', aborted)
      finish()
      undo?.()
    }
    check(signal)
    signal?.addEventListener('abort', aborted)
    undo = start(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    )
    // It ended before it could say what to undo.
    if (over) undo()
  })

/** Resolves after `ms`. @throws what the signal was aborted with */
export const sleep = (
  after: (ms: number, call: () => void) => () => void,
  ms: number,
  signal?: AbortSignal,
): Promise<void> => abortable(signal, (resolve) => after(ms, resolve))
