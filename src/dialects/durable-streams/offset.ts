import { Failure } from '../../core/failures.ts'
import type { Place } from '../../core/streams.ts'

/**
 * An offset of a raw stream, `<16 digits>_<16 digits>`. The digits are the store's epoch (10, it may be a time in
 * seconds), the stream that wrote what is before it (9) and the position (13: 10 TB). So an offset of a stream that was
 * deleted, or of a log that was restored from an older copy, is told apart from one of the stream that has the name now,
 * and offsets of one stream sort as strings.
 */
const widths = { epoch: 10, id: 9, position: 13 } as const

const zeroOffset = '0000000000000000_0000000000000000'

const digits = (count: number, width: number): string => String(count).padStart(width, '0')

/** @throws RangeError when a number has outgrown its place: an offset that sorts wrongly must never be given out */
export const formatPlace = ({ id, position }: Place, epoch: number): string => {
  if (position === 0 && id === 0) return zeroOffset
  const text = digits(epoch, widths.epoch) + digits(id, widths.id) + digits(position, widths.position)
  if (text.length !== 32) throw new RangeError(`no offset for ${epoch}, ${id}, ${position}`)
  return `${text.slice(0, 16)}_${text.slice(16)}`
}

/** @throws Failure `cursor_invalid`, `cursor_diverged` when it was given in another epoch */
export const parsePlace = (offset: string, epoch: number): Place => {
  if (!/^\d{16}_\d{16}$/.test(offset)) throw new Failure('cursor_invalid')
  if (offset === zeroOffset) return { id: 0, position: 0 }
  const text = offset.replace('_', '')
  const idAt = widths.epoch + widths.id
  if (Number(text.slice(0, widths.epoch)) !== epoch) throw new Failure('cursor_diverged')
  return { id: Number(text.slice(widths.epoch, idAt)), position: Number(text.slice(idAt)) }
}
