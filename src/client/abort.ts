/** What a wait that was given up rejects with. React Native has neither DOMException nor `AbortSignal.reason` everywhere. */
export const abortError = (signal?: AbortSignal): Error =>
  (signal?.reason as Error | undefined) ?? Object.assign(new Error('Given up'), { name: 'AbortError' })

/** @throws what the signal was aborted with */
export const check = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw abortError(signal)
}
