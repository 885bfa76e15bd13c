import { Failure } from '../core/failures.ts'

const bad = (): Failure => new Failure('invalid_request', 'The request target is not valid')

/**
 * The one parse of a request target; routing and authorization use what it gives and nothing else. A target that a second
 * parser could read differently (dot segments, backslashes, raw control characters, a fragment) is refused, not repaired.
 * @param origin ours, as the Host header names it
 * @throws Failure `invalid_request`
 */
export const parseTarget = (target: string, origin: string): URL => {
  const start = target.startsWith('/') ? 0 : absoluteStart(target, origin.slice(origin.indexOf('/') + 2))
  const rest = target.slice(start)
  const url = URL.parse(origin + rest)
  if (url === null || url.hash !== '' || rest.includes('#')) throw bad()
  if (url.pathname !== rest.split('?', 1)[0] || /%00/.test(url.pathname)) throw bad()
  return url
}

/** An absolute-form target (RFC 9112, 3.2.2) must name the same authority as the Host header. */
const absoluteStart = (target: string, authority: string): number => {
  const lower = target.toLowerCase()
  const prefix = [`http://${authority}/`, `https://${authority}/`].find((one) => lower.startsWith(one))
  if (prefix === undefined) throw bad()
  return prefix.length - 1
}
