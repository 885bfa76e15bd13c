/** Resolves once `check` holds. @throws Error when it still does not after `deadline` ms; `what` names what was waited for. */
export const until = async (check: () => boolean, what = 'the condition', deadline = 10_000): Promise<void> => {
  const end = performance.now() + deadline
  while (!check()) {
    if (performance.now() > end) throw new Error(`${what} did not come true within ${deadline} ms`)
    await new Promise((resolve) => {
      setTimeout(resolve, 4)
    })
  }
}
