import { Failure } from '../../core/failures.ts'
import type { Place } from '../../core/streams.ts'

/**
 * An offset of a raw stream, `<16 digits>_<16 digits>`: who wrote what is before it, and the position. The first part
 * joins the store's epoch and the stream's id, so an offset of a stream that was deleted, or of a log that was restored
 * from an older copy, is told apart from one of the stream that has the name now. Offsets of one stream sort as strings.
 */
const width = 16
/** Ids below this; epochs up to 9,007 then fit into a safe integer. */
const ids = 1e12

export const zeroOffset = `${'0'.repeat(width)}_${'0'.repeat(width)}`

const digits = (count: number): string => String(count).padStart(width, '0')

export const formatPlace = ({ id, position }: Place, epoch: number): string =>
  position === 0 && id === 0 ? zeroOffset : `${digits(epoch * ids + id)}_${digits(position)}`

/** @throws Failure `cursor_invalid`, `cursor_diverged` when it was given in another epoch */
export const parsePlace = (offset: string, epoch: number): Place => {
  const match = /^(\d{16})_(\d{16})$/.exec(offset)
  const first = Number(match?.[1])
  const position = Number(match?.[2])
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(position)) throw new Failure('cursor_invalid')
  if (first === 0 && position === 0) return { id: 0, position: 0 }
  if (Math.floor(first / ids) !== epoch) throw new Failure('cursor_diverged')
  return { id: first % ids, position }
}
