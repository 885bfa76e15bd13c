import type { ReadRow, StreamKind } from '../../core/streams.ts'
import { splitMessages } from './json.ts'

/** A part of a log that is sent in one go; JSON messages are joined by commas. `next` is the position after it. */
export interface Piece {
  readonly data: Uint8Array
  readonly next: number
}

/** Cuts what was read into pieces of at most `limit` bytes, small appends joined. Only a single larger message stays whole. */
export const toPieces = (kind: StreamKind, rows: readonly ReadRow[], from: number, limit: number): readonly Piece[] => {
  const comma = kind === 'json' ? 1 : 0
  const pieces: Piece[] = []
  let parts: Piece[] = []
  let size = 0
  const flush = (): void => {
    const last = parts.at(-1)
    if (last !== undefined)
      pieces.push({
        data: join(
          kind,
          parts.map(({ data }) => data),
        ),
        next: last.next,
      })
    parts = []
    size = 0
  }
  for (const row of rows)
    for (const unit of unitsOf(kind, row, from, limit)) {
      if (size + comma + unit.data.length > limit) flush()
      parts.push(unit)
      size += comma + unit.data.length
    }
  flush()
  return pieces
}

const comma = Buffer.from(',')

/** Pieces' data as one. */
export const join = (kind: StreamKind, parts: readonly Uint8Array[]): Buffer =>
  Buffer.concat(kind === 'json' ? parts.flatMap((part, index) => (index === 0 ? [part] : [comma, part])) : parts)

const unitsOf = (
  kind: StreamKind,
  { start, end, to, data }: ReadRow,
  from: number,
  limit: number,
): readonly Piece[] => {
  const first = Math.max(start, from)
  if (data.length <= limit && first === start && to === end) return [{ data, next: end }]
  if (kind === 'json')
    return splitMessages(Buffer.from(data.buffer, data.byteOffset, data.length).toString())
      .slice(first - start, to - start)
      .map((message, index) => ({ data: Buffer.from(message), next: first + index + 1 }))
  const units: Piece[] = []
  for (let at = first; at < to; at += limit) {
    const next = Math.min(to, at + limit)
    units.push({ data: data.subarray(at - start, next - start), next })
  }
  return units
}

/**
 * Moves the cuts between pieces of text to where characters end, because an SSE event is text. What is left over at the
 * end, an unfinished character, waits for the rest, unless this is the end of the stream.
 */
export const atCharacters = (pieces: readonly Piece[], end: boolean): readonly Piece[] => {
  let rest: Uint8Array = Buffer.alloc(0)
  return pieces.flatMap(({ data, next }, index) => {
    const whole = rest.length === 0 ? data : Buffer.concat([rest, data])
    const open = end && index === pieces.length - 1 ? 0 : unfinished(whole)
    rest = whole.subarray(whole.length - open)
    return whole.length === open ? [] : [{ data: whole.subarray(0, whole.length - open), next: next - open }]
  })
}

/** How many bytes at the end are the start of a character that goes on. */
const unfinished = (data: Uint8Array): number => {
  for (let back = 1; back <= Math.min(3, data.length); back++) {
    const byte = data[data.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte < 0xc0) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return length > back ? back : 0
  }
  return 0
}
