import type { ServerFrame } from '../core/frames.ts'

/** The pieces of a frame over 64 KiB that have come so far. */
export interface Fragments {
  readonly parts: readonly string[]
  readonly length: number
}
export const noFragments: Fragments = { parts: [], length: 0 }

/** The most that is put together, UTF-16 code units: a snapshot of a very long session. */
const most = 64 * 1024 * 1024

const parse = (text: string): ServerFrame | undefined => {
  try {
    const frame = JSON.parse(text) as ServerFrame | null
    return typeof frame?.t === 'string' ? frame : undefined
  } catch {
    return undefined
  }
}

/**
 * One message of the wire: gives the frame, once it is whole [E8]. Undefined when it is no JSON, no frame, or a piece that
 * does not follow on the one before: the connection cannot be trusted any more.
 */
export const receive = (
  fragments: Fragments,
  text: string,
): { readonly rest: Fragments; readonly frame?: ServerFrame } | undefined => {
  const frame = parse(text)
  if (frame?.t !== 'frag')
    return frame === undefined || fragments.parts.length > 0 ? undefined : { rest: noFragments, frame }
  const rest = { parts: [...fragments.parts, frame.data], length: fragments.length + frame.data.length }
  if (frame.i !== fragments.parts.length || frame.i >= frame.n || rest.length > most) return undefined
  if (rest.parts.length < frame.n) return { rest }
  const whole = parse(rest.parts.join(''))
  return whole === undefined ? undefined : { rest: noFragments, frame: whole }
}
