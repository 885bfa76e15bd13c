import { getSessions, type Line } from './rest.ts'

/** ms between two looks at the list while somebody looks at it: other devices make sessions too. */
const every = 5_000

/** The server's list of sessions, kept fresh while there is a connection and the page is seen. */
export const followList = (connected: () => boolean, changed: () => void) => {
  let lines: readonly Line[] | undefined
  let asking = false
  let again = false

  const refresh = async (): Promise<void> => {
    if (!connected() || document.visibilityState === 'hidden') return
    if (asking) {
      again = true
      return
    }
    asking = true
    try {
      const next = await getSessions()
      if (JSON.stringify(next) !== JSON.stringify(lines)) {
        lines = next
        changed()
      }
    } catch {
      // The link tells when there is no server; the list that is there stays.
    }
    asking = false
    if (again) {
      again = false
      void refresh()
    }
  }
  setInterval(() => void refresh(), every)
  return {
    /** Undefined until it was read once. */
    get: () => lines,
    refresh: () => void refresh(),
  }
}
