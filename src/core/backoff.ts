/** How long to wait before trying again. All times are milliseconds. */
export interface Backoff {
  /** The first retry comes after a random time up to this. */
  readonly first: number
  /** The base of the exponential growth. */
  readonly base: number
  readonly max: number
}

/** The native protocol's numbers: 0-500 ms, then full jitter over 500 ms doubling to 15 s. */
export const reconnectBackoff: Backoff = { first: 500, base: 500, max: 15_000 }

/**
 * Full jitter (Brooker, "Exponential Backoff And Jitter", 2015): a random time up to an exponentially growing limit.
 * @param attempt 1 for the first retry
 * @param random 0 ≤ random < 1
 */
export const backoffDelay = (attempt: number, random: number, backoff: Backoff = reconnectBackoff): number =>
  Math.round(
    random * (attempt <= 1 ? backoff.first : Math.min(backoff.max, backoff.base * 2 ** Math.min(attempt - 1, 30))),
  )
