import type { ServerFrame } from '../core/frames.ts'

/** The pieces of a frame over 64 KiB that have come so far. */
export interface Fragments {
  readonly parts: readonly string[]
  readonly length: number
}
export const noFragments: Fragments = { parts: [], length: 0 }

/** The most that is put together, UTF-16 code units: a snapshot of a very long session. */
const most = 64 * 1024 * 1024

/** The text is not a frame of this protocol: the connection cannot be trusted any more. */
export class Garbled extends Error {
  override readonly name = 'Garbled'
}

const parse = (text: string): ServerFrame => {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    throw new Garbled('not JSON')
  }
  if (typeof frame !== 'object' || frame === null || typeof (frame as { t?: unknown }).t !== 'string')
    throw new Garbled('not a frame')
  return frame as ServerFrame
}

/**
 * One message of the wire: gives the frame once it is whole [E8].
 * @throws Garbled when it is no JSON, no frame, or a piece that does not follow on the one before
 */
export const receive = (fragments: Fragments, text: string): readonly [Fragments, ServerFrame | undefined] => {
  const frame = parse(text)
  if (frame.t !== 'frag') {
    if (fragments.parts.length > 0) throw new Garbled('a frame between pieces')
    return [fragments, frame]
  }
  const parts = [...fragments.parts, frame.data]
  const length = fragments.length + frame.data.length
  if (frame.i !== fragments.parts.length || frame.i >= frame.n || length > most)
    throw new Garbled('pieces out of order')
  return parts.length < frame.n ? [{ parts, length }, undefined] : [noFragments, parse(parts.join(''))]
}
