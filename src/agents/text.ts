/**
 * Text as it comes from a model: in pieces, and not always well formed. What is stored and shown is always well-formed
 * UTF-16 [S25]: a surrogate pair is never split over two pieces, a lone surrogate becomes U+FFFD.
 */
export interface Mender {
  /** The part of the text that may be shown now; a high surrogate at the end waits for its other half. */
  add(piece: string): string
  /** What is left when nothing more comes. */
  end(): string
}

export const createMender = (): Mender => {
  let held = ''
  return {
    add(piece) {
      const all = held + piece
      const cut = isHigh(all.charCodeAt(all.length - 1)) ? all.length - 1 : all.length
      held = all.slice(cut)
      return all.slice(0, cut).toWellFormed()
    },
    end() {
      const rest = held.toWellFormed()
      held = ''
      return rest
    },
  }
}

/** Cuts well-formed text into pieces of at most `max` code units (2 or more) without splitting a surrogate pair. */
export const piecesOf = (text: string, max: number): readonly string[] => {
  if (text.length <= max) return text === '' ? [] : [text]
  const pieces: string[] = []
  for (let at = 0; at < text.length;) {
    const to = Math.min(text.length, at + max)
    const end = to < text.length && isHigh(text.charCodeAt(to - 1)) ? to - 1 : to
    pieces.push(text.slice(at, end))
    at = end
  }
  return pieces
}

/** A JSON value with every string in it made well formed. Ill-formed keys are mended too. */
export const wellFormed = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.toWellFormed(), wellFormed(one)]))
}

/** At most `max` code units of a text for people, with an ellipsis when it was cut. */
export const shorten = (text: string, max: number): string =>
  text.length <= max
    ? text
    : `${text
        .slice(0, max - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}…`

const isHigh = (unit: number): boolean => unit >= 0xd8_00 && unit <= 0xdb_ff
