import { Failure } from '../../core/failures.ts'

/** Nesting as deep as this is no message; JSON.parse of 100,000 levels blocks for 100 ms. */
const deepest = 64

const open = (code: number): boolean => code === 0x5b || code === 0x7b
const shut = (code: number): boolean => code === 0x5d || code === 0x7d

const endOfString = (text: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === 0x22) return at
  }
  return text.length
}

/** The places of the commas between the messages of valid JSON, one linear pass. @throws Failure `invalid_json` when it is too deep */
const commas = (text: string): number[] => {
  const found: number[] = []
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at + 1)
    else if (open(code)) depth++
    else if (shut(code)) depth--
    else if (code === 0x2c && depth === 0) found.push(at)
    if (depth > deepest) throw new Failure('invalid_json', 'The JSON is nested too deep')
  }
  return found
}

/** Messages joined by commas, as they are stored, one by one and unchanged. */
export const splitMessages = (text: string): readonly string[] => {
  const cuts = commas(text)
  return [...cuts, text.length].map((cut, index) => text.slice(index === 0 ? 0 : (cuts[index - 1] ?? 0) + 1, cut))
}

/** Messages as they are stored: their own text, joined by commas. */
export interface Messages {
  readonly text: string
  readonly count: number
}

/**
 * The messages of a body: one level of array is taken off, each element is a message. What was written is kept to the
 * letter, numbers and spaces too.
 * @throws Failure `invalid_json`
 */
export const readMessages = (body: Uint8Array): Messages => {
  const whole = decode(body)
  const array = whole.startsWith('[')
  const text = array ? whole.slice(1, whole.lastIndexOf(']')).trim() : whole
  // Before JSON.parse, because that is recursive: the depth is checked in here.
  const count = text === '' ? 0 : commas(text).length + 1
  try {
    JSON.parse(whole)
  } catch (error) {
    throw new Failure('invalid_json', undefined, { cause: error })
  }
  return { text, count }
}

const decode = (body: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body).trim()
  } catch (error) {
    throw new Failure('invalid_json', 'The body is not valid UTF-8', { cause: error })
  }
}
