/** What the edge allows. Sizes are bytes, times milliseconds. */
export interface EdgeLimits {
  /** Sockets of any kind at once. */
  readonly maxConnections: number
  /** Connections that have not shown a credential yet. */
  readonly unauthenticated: number
  /** The same, from one address (IPv6: one /64). */
  readonly unauthenticatedPerAddress: number
  /** The same, from this machine: a reverse proxy here stands for everybody. */
  readonly unauthenticatedPerLoopback: number
  /** How long a WebSocket may stay without a credential. */
  readonly authDeadline: number
  /** Live connections (WebSocket, SSE, long-poll) of one key. */
  readonly connectionsPerKey: number
  readonly headersTimeout: number
  /** For receiving a whole request. */
  readonly requestTimeout: number
  readonly connectionsCheckingInterval: number
  readonly keepAliveTimeout: number
}

/** security.md, rows S28-S30. */
export const defaultLimits: EdgeLimits = {
  maxConnections: 20_000,
  unauthenticated: 1000,
  unauthenticatedPerAddress: 20,
  unauthenticatedPerLoopback: 1000,
  authDeadline: 10_000,
  connectionsPerKey: 20,
  headersTimeout: 5000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5000,
}

/** What one socket may send: 30 frames a second, 60 at once (security.md, S29). */
export const frameRate = { rate: 30, burst: 60 } as const

/** Takes one token. 0 when there was one, else the milliseconds until there will be. */
export type Bucket = () => number

/**
 * A token bucket: no timer, it counts when it is asked.
 * @param rate tokens a second
 * @param now monotonic milliseconds
 */
export const createBucket = (
  { rate, burst }: { readonly rate: number; readonly burst: number },
  now: () => number,
): Bucket => {
  let tokens = burst
  let last = now()
  return () => {
    const time = now()
    tokens = Math.min(burst, tokens + ((time - last) * rate) / 1000)
    last = time
    if (tokens < 1) return Math.ceil(((1 - tokens) * 1000) / rate)
    tokens -= 1
    return 0
  }
}

/** So many at once for each name. `take` gives the way to give it back (safe to call twice), or undefined when there is none left. */
export interface Quota {
  take(name: string): (() => void) | undefined
  /** How many are taken by all names together. */
  total(): number
}

export const createQuota = (max: (name: string) => number): Quota => {
  const taken = new Map<string, number>()
  let total = 0
  const give = (name: string): void => {
    const left = (taken.get(name) ?? 0) - 1
    total -= 1
    if (left > 0) taken.set(name, left)
    else taken.delete(name)
  }
  return {
    take: (name) => {
      const have = taken.get(name) ?? 0
      if (have >= max(name)) return undefined
      taken.set(name, have + 1)
      total += 1
      let held = true
      return () => {
        if (held) give(name)
        held = false
      }
    },
    total: () => total,
  }
}
