import { Failure } from './failures.ts'

/** Nesting as deep as this is no message of ours; JSON.parse at 100,000 levels blocks for 100 ms. */
const deepest = 64

/**
 * Parses JSON from outside. Depth is counted by one linear pass before anything recursive sees the text; `__proto__` keys
 * are dropped (Object.assign would adopt them); lone surrogates become U+FFFD, so that what is stored is what is shown.
 * @throws Failure `invalid_json`
 */
export const parseJson = (text: string, { maxDepth = deepest }: { readonly maxDepth?: number } = {}): unknown => {
  if (depthOf(text, maxDepth) > maxDepth) throw new Failure('invalid_json', 'The JSON is nested too deep')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Failure('invalid_json', undefined, { cause: error })
  }
  return text.includes('__proto__') || text.includes(String.raw`\u`) ? clean(value) : value
}

/** How deep the brackets outside strings go; stops counting once over `limit`. */
const depthOf = (text: string, limit: number): number => {
  let depth = 0
  let most = 0
  for (let at = 0; at < text.length && most <= limit; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at + 1)
    else if (code === 0x5b || code === 0x7b) most = Math.max(most, ++depth)
    else if (code === 0x5d || code === 0x7d) depth--
  }
  return most
}

const endOfString = (text: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === 0x22) return at
  }
  return text.length
}

const clean = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(clean)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => key !== '__proto__')
  return Object.fromEntries(kept.map(([key, one]) => [key.toWellFormed(), clean(one)]))
}
