/**
 * Waits for a condition, not for a time: resolves with what `look` finds, once that is neither `false` nor `undefined`.
 * @throws Error when nothing was found after `deadline` ms; `what` names what was waited for
 */
export const until = async <T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what = 'the condition',
  deadline = 10_000,
): Promise<T> => {
  const end = performance.now() + deadline
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`${what} did not come true within ${deadline} ms`)
    await new Promise((resolve) => {
      setTimeout(resolve, 4)
    })
  }
}
