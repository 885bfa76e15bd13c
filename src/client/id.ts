/** 16 bytes as text without dashes. */
export const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

/** 128 random bits. `Math.random` only where there is nothing better: ids must be unique, they authorise nothing. */
export const randomBits = (): Uint8Array => {
  const bytes = new Uint8Array(16)
  const source = (globalThis as { crypto?: { getRandomValues?: (bytes: Uint8Array) => unknown } }).crypto
  if (source?.getRandomValues !== undefined) source.getRandomValues(bytes)
  else for (let i = 0; i < 16; i++) bytes[i] = Math.floor(Math.random() * 256)
  return bytes
}

/** A UUIDv7 (RFC 9562): sorts by time. @param now ms since 1970 */
export const uuid = (now: number, bytes: Uint8Array = randomBits()): string => {
  const id = bytes.slice()
  for (let i = 0; i < 6; i++) id[i] = Math.floor(now / 256 ** (5 - i)) % 256
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x70
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80
  return hex(id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
