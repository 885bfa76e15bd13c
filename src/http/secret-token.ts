import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** What a token is for, as its first letters: a key, a ticket, a browser's session. They make secrets findable in texts. */
export type TokenKind = 'hf' | 'hft' | 'hfb'

/** 256 random bits as text. Only its hash is ever kept. */
export const newToken = (kind: TokenKind): string => `${kind}_${randomBytes(32).toString('base64url')}`

/** SHA-256 is enough for a random token: there is nothing to guess, so nothing to slow down. */
export const hashToken = (token: string): Uint8Array => createHash('sha256').update(token).digest()

/** Equal-length digests only: timingSafeEqual throws on anything else. */
export const sameHash = (one: Uint8Array, other: Uint8Array): boolean =>
  one.byteLength === other.byteLength && timingSafeEqual(one, other)
