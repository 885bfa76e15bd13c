/** Readers for JSON that a stranger sent: what is not of the asked type is absent. */

export const objectIn = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined

export const listIn = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : []

/** A string that is not empty. */
export const stringIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** A count: a safe integer from 0. */
export const countIn = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

/** Nesting that is taken from a stranger [S23]: deeper values cost time to parse and stack to walk. */
const deepest = 64

/** Parsed JSON, or undefined when the text is not JSON or nested too deep. */
export const parseJson = (text: string): unknown => {
  if (depthOf(text) > deepest) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const depthOf = (text: string): number => {
  // Every bracket pair costs two code units, so short texts cannot be deep.
  if (text.length <= deepest) return 0
  let depth = 0
  let most = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === quote) quoted = !quoted
    else if (quoted) at += unit === backslash ? 1 : 0
    else if (unit === openBracket || unit === openBrace) most = Math.max(most, ++depth)
    else if (unit === closeBracket || unit === closeBrace) depth--
  }
  return most
}
const quote = 34
const backslash = 92
const openBracket = 91
const closeBracket = 93
const openBrace = 123
const closeBrace = 125
