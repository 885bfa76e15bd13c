import type { Dialect } from '../core/dialect.ts'
import { type Cursor, formatCursor } from '../core/cursor.ts'
import type { Batch } from '../core/ports.ts'
import { fragments } from './fragments.ts'

/** A run of events for one subscription, by numbers: text is made of them only where nobody has done so before. */
export interface Numbered {
  readonly sub: string
  readonly epoch: number
  /** The seq the reader has, and will have. */
  readonly prev: number
  readonly last: number
  readonly batches: readonly Batch[]
}

interface Encoded extends Omit<Numbered, 'batches'> {
  readonly dialect: Dialect
  readonly pieces: readonly Uint8Array[]
}

/** Encodings kept of one commit: readers that call their subscriptions by names of their own would keep one each. */
const most = 15

const shared = new WeakMap<Batch, Encoded[]>()

/**
 * A run of events as bytes: encoded once for all the readers that are at the same place and call their subscription by
 * the same name, however many there are. Kept only as long as the first of its batches is.
 */
export const runFrame = (dialect: Dialect, run: Numbered): readonly Uint8Array[] => {
  const first = run.batches[0]
  if (first === undefined) return []
  const known = shared.get(first) ?? []
  for (const one of known)
    if (
      one.last === run.last &&
      one.prev === run.prev &&
      one.sub === run.sub &&
      one.dialect === dialect &&
      one.epoch === run.epoch
    )
      return one.pieces
  const { sub, epoch, prev, last, batches } = run
  const at = (seq: number): string => formatCursor({ epoch, seq } satisfies Cursor)
  const text = dialect.encodeRun({ sub, prev: at(prev), cursor: at(last), batches })
  const pieces = text === undefined ? [] : fragments(text).map((piece) => Buffer.from(piece))
  shared.set(first, [...known.slice(-most), { dialect, sub, epoch, prev, last, pieces }])
  return pieces
}
