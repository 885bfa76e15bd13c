import { crc32 } from 'node:zlib'

/**
 * CRC-32 of a row: SQLite does not notice a flipped bit, so every row that matters carries one.
 * @param head the short columns, in order
 * @param body the long column, hashed without being copied
 */
export const checksum = (head: readonly (string | number | null)[], body: string | Uint8Array = ''): number =>
  crc32(body, crc32(head.map((field) => `${field}|`).join('')))
