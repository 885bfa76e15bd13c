/** Bytes of rows worth one commit: six pages, so that the page that is written half full hardly counts. */
const worth = 12 * 1024
/** Sessions that stream at the same time from which on gathering is fully open. */
const crowd = 100
/** ms over which the load is averaged and the sessions are counted. */
const memory = 100

/**
 * How long streamed rows wait for company before their commit. A commit writes at least one page and one fsync, so
 * where many sessions stream, fewer and fuller ones save disk and CPU; where few do, nothing waits. The wait never is
 * longer than what gathers `worth`, and opens with the fourth power of the number of sessions: by half of `crowd` it is
 * under 1 ms, however fast each of them is, because there the fsync is what counts (P4); at `crowd` the disk is (P12).
 * @param max ms; 0 never waits
 */
export const commitWindow = (max: number) => {
  let sessions = new Set<string>()
  let streams = 0
  let counted = 0
  let bytes = 0
  let last = 0
  return {
    /** Takes note of what is streamed with the commit at `now` ms: whose rows, and how long they are together. */
    note: (now: number, names: readonly string[], bytesNow: number): void => {
      const passed = Math.max(0.01, now - last)
      const keep = Math.exp(-passed / memory)
      bytes = bytes * keep + (bytesNow / passed) * (1 - keep)
      last = now
      for (const name of names) sessions.add(name)
      if (now - counted < memory) return
      streams = sessions.size
      sessions = new Set()
      counted = now
    },
    /** ms to wait from the first row on. */
    wait: (): number => (bytes === 0 ? 0 : Math.min(max, (worth / bytes) * Math.min(1, streams / crowd) ** 4)),
  }
}
