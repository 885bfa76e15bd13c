/** Intervals of 20 s since 9 October 2024 (Durable Streams, 10.1). */
const interval = 20_000
const start = Date.UTC(2024, 9, 9)

/**
 * The cursor that a live reader sends back, so that caches can join readers of one interval into one request. It is
 * always more than the reader's own, else a cache would answer the same request for ever.
 * @param random 0 ≤ random < 1
 */
export const collapseCursor = (echoed: string | null, now: number, random: number): string => {
  const current = Math.max(0, Math.floor((now - start) / interval))
  const theirs = /^\d{1,15}$/.test(echoed ?? '') ? Number(echoed) : -1
  if (theirs < current) return String(current)
  const jitter = 1000 + Math.floor(random * 3_600_000)
  return String(theirs + Math.ceil(jitter / interval))
}
