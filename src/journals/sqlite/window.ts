/** Bytes of rows worth one commit: three pages, so that the page that is written half full hardly counts. */
const worth = 12 * 1024
/** Rows per ms at which gathering is fully open: 100 sessions that stream. */
const busy = 2.5
/** ms over which the load is averaged. */
const memory = 100

/**
 * How long streamed rows wait for company before their commit. A commit writes at least one page and one fsync, so
 * under load fewer and fuller ones save disk and CPU; without load nothing waits. The wait never is longer than what
 * gathers `worth`, and opens with the cube of the load: 1 ms at 32 streams, 12 ms at 100, shorter again beyond.
 * @param max ms; 0 never waits
 */
export const commitWindow = (max: number) => {
  let rows = 0
  let bytes = 0
  let last = 0
  return {
    /** Takes note of a commit at `now` ms. */
    note: (now: number, rowsNow: number, bytesNow: number): void => {
      const passed = Math.max(0.01, now - last)
      const keep = Math.exp(-passed / memory)
      rows = rows * keep + (rowsNow / passed) * (1 - keep)
      bytes = bytes * keep + (bytesNow / passed) * (1 - keep)
      last = now
    },
    /** ms to wait from the first row on. */
    wait: (): number => (bytes === 0 ? 0 : Math.min(max, (worth / bytes) * Math.min(1, rows / busy) ** 3)),
  }
}
