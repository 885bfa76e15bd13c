/** 128 random bits in hex. `Math.random` only where there is nothing better: ids must be unique, they authorise nothing. */
export const randomId = (): string => {
  const bytes = Array.from({ length: 16 }, () => Math.random() * 256)
  const { crypto } = globalThis as { crypto?: { getRandomValues?: (bytes: Uint8Array) => Uint8Array } }
  const best = crypto?.getRandomValues?.(new Uint8Array(16)) ?? Uint8Array.from(bytes)
  return Array.from(best, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A UUIDv7 (RFC 9562): sorts by time. @param now ms since 1970 */
export const uuid = (now: number): string => {
  const [time, random] = [now.toString(16).padStart(12, '0'), randomId()]
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-a${random.slice(3, 6)}-${random.slice(6, 18)}`
}
