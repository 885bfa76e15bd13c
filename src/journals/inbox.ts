import type { Command, Lease } from '../core/ports.ts'

/** A command with its place in the order of arrival. */
export interface Arrived {
  readonly order: number
  readonly command: Command
}

export interface InboxSource {
  /** Commands that wait and came after `order`, oldest first. */
  pending(order: number): Promise<readonly Arrived[]>
  /** Calls back when there may be more; returns how to stop. */
  listen(wake: () => void): () => void
}

/**
 * The inbox of a lease: what waits, then what comes, each once. Ends without an error when the lease is lost or
 * `signal` aborts. It listens before it looks, so nothing that comes in between is missed.
 */
export async function* readInbox(lease: Lease, source: InboxSource, signal?: AbortSignal): AsyncGenerator<Command> {
  const stop = signal === undefined ? lease.lost : AbortSignal.any([lease.lost, signal])
  let woken = true
  let wake = () => {}
  const onWake = () => {
    woken = true
    wake()
  }
  const unlisten = source.listen(onWake)
  stop.addEventListener('abort', onWake)
  try {
    for (let order = 0; !stop.aborted;) {
      if (!woken) await new Promise<void>((resolve) => (wake = resolve))
      woken = false
      if (stop.aborted) return
      for (const arrived of await source.pending(order)) {
        if (stop.aborted) return
        order = arrived.order
        yield arrived.command
      }
    }
  } finally {
    unlisten()
    stop.removeEventListener('abort', onWake)
  }
}
