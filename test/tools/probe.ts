import { readdirSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** What a process holds. Sizes are bytes. */
export interface Holding {
  readonly rss: number
  /** After a garbage collection. */
  readonly heap: number
  readonly fds: number
  readonly timers: number
}

// Loaded into a server under test with --import: answers what the process holds, and ends when its parent is gone.
if (isMainThread && process.send !== undefined) {
  process.on('message', () => {
    globalThis.gc?.()
    const { rss, heapUsed: heap } = process.memoryUsage()
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    process.send?.({ rss, heap, fds: readdirSync('/proc/self/fd').length, timers } satisfies Holding)
  })
  process.on('disconnect', () => process.exit(1))
  process.channel?.unref()
}
