import { Failure } from '../../core/failures.ts'

/** UTF-16 units of a stream's path */
const longest = 1000

/**
 * A stream's path: what comes after the prefix, decoded once. Two spellings of one path are one stream; a path that a
 * second parser could read differently is refused. `__ds` is the protocol's own and not offered here.
 * @throws Failure `invalid_request`, `not_found`
 */
export const streamPath = (pathname: string, prefix: string): string => {
  const raw = pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length + 1) : pathname.replace(/^\//, '')
  const segments = raw.split('/').map(decode)
  if (raw.length > longest || segments.some((one) => one === '' || one === '.' || one === '..' || bad.test(one)))
    throw new Failure('invalid_request', 'The path of the stream is not valid')
  if (segments[0] === '__ds') throw new Failure('not_found', 'Subscriptions are not offered')
  return segments.join('/')
}

// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const bad = /[\u0000-\u001F\u007F/\\]/

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}
