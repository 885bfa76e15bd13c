import { readdirSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** What a process holds. Sizes are bytes. */
export interface Holding {
  readonly rss: number
  /** After a garbage collection: objects, and the buffers behind them. */
  readonly heap: number
  readonly fds: number
  readonly timers: number
}

// Loaded into a server under test with --import: answers what the process holds, and ends when its parent is gone.
if (isMainThread && process.send !== undefined) {
  const answer = async (): Promise<void> => {
    // The first collection finds the objects, the next one the buffers that were theirs.
    for (let time = 0; time < 3; time++) {
      globalThis.gc?.()
      await new Promise(setImmediate)
    }
    const { rss, heapUsed, external } = process.memoryUsage()
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const fds = readdirSync('/proc/self/fd').length
    process.send?.({ rss, heap: heapUsed + external, fds, timers } satisfies Holding)
  }
  process.on('message', () => void answer())
  process.on('disconnect', () => process.exit(1))
  process.channel?.unref()
}
