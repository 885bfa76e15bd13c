import { Failure } from './failures.ts'

/**
 * A cursor says "I have everything up to seq" and is opaque to clients: `<epoch16>_<seq16>`, both decimal, so that
 * cursors sort as strings. The width is fixed by the Durable Streams conformance suite's zero offset.
 * The epoch grows only when an acknowledged tail may have been lost (a restored backup).
 */
export interface Cursor {
  readonly epoch: number
  readonly seq: number
}

const width = 16
const shape = /^\d{16}_\d{16}$/

export const formatCursor = (cursor: Cursor): string =>
  `${String(cursor.epoch).padStart(width, '0')}_${String(cursor.seq).padStart(width, '0')}`

/** @throws Failure `cursor_invalid` */
export const parseCursor = (text: string): Cursor => {
  const cursor = { epoch: Number(text.slice(0, width)), seq: Number(text.slice(width + 1)) }
  if (!shape.test(text) || !Number.isSafeInteger(cursor.epoch) || !Number.isSafeInteger(cursor.seq))
    throw new Failure('cursor_invalid')
  return cursor
}

/**
 * Checks a reader's cursor against the log it wants to go on reading.
 * @throws Failure `cursor_diverged` when the log went back behind what the reader has.
 */
export const checkCursor = (cursor: Cursor, log: { readonly epoch: number; readonly head: number }): number => {
  if (cursor.seq > log.head || (cursor.epoch !== log.epoch && cursor.seq > 0)) throw new Failure('cursor_diverged')
  return cursor.seq
}

/**
 * The seq of a head that somebody saw, for comparing with the head there is. A head of another epoch was of a log that is
 * not there any more: it is before every other. @throws Failure `cursor_invalid`
 */
export const seenHead = (cursor: string, epoch: number): number => {
  const seen = parseCursor(cursor)
  return seen.epoch === epoch ? seen.seq : -1
}
