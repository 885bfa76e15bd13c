/** What a server under measurement understands, over its IPC channel. */
export type Order =
  /** Sends so many deltas to everyone, one each `everyMs`; answers with the CPU that took, in µs. */
  | { readonly do: 'emit'; readonly count: number; readonly everyMs: number }
  /** Answers with the resident memory after a collection, in bytes. */
  | { readonly do: 'rss' }

export interface Ready {
  readonly port: number
  /** Where sockets go, and what they say first. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly hello: readonly string[]
}

/** About the size of a delta of ours on the wire, so that all servers send as many bytes. */
export const text = 'a word or two of an answer, '

/** Serves orders: `emit` is how this server sends one delta to everyone. */
export const obey = (
  ready: Ready,
  emit: (index: number) => void | Promise<void>,
  settle: () => Promise<void> = async () => undefined,
): void => {
  process.on('message', (order: Order) => {
    if (order.do === 'rss') {
      globalThis.gc?.()
      process.send?.(process.memoryUsage().rss)
      return
    }
    const before = process.cpuUsage()
    let sent = 0
    const timer = setInterval(() => {
      void emit(sent++)
      if (sent < order.count) return
      clearInterval(timer)
      setTimeout(() => {
        void settle().then(() => {
          const { user, system } = process.cpuUsage(before)
          process.send?.(user + system)
        })
      }, 300)
    }, order.everyMs)
  })
  process.on('disconnect', () => process.exit())
  process.send?.(ready)
}
