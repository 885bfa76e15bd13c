import { Failure } from '../../core/failures.ts'

/** Where a model server is, checked once. */
export interface Endpoint {
  /** The base URL with a path under it. The query of the base stays. */
  at(path: string): URL
  /** Headers for this origin, and for no other [S42]. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * @param baseUrl http(s), for example `http://127.0.0.1:1234/v1`; nothing in it is expanded [S43]
 * @throws Failure `invalid_request` for another scheme, a user, a password or a fragment [S36], or a key that is no header value
 */
export const endpoint = (baseUrl: string, key: string | undefined): Endpoint => {
  const base = URL.parse(baseUrl)
  if (base === null || (base.protocol !== 'http:' && base.protocol !== 'https:'))
    throw new Failure('invalid_request', 'The base URL must start with http:// or https://', { param: 'base_url' })
  if (base.username !== '' || base.password !== '' || baseUrl.includes('#'))
    throw new Failure('invalid_request', 'The base URL must not carry a user, a password or a fragment', {
      param: 'base_url',
    })
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key))
    throw new Failure('invalid_request', 'The key must be printable ASCII without spaces', { param: 'key' })
  const root = base.pathname.replace(/\/$/, '')
  return {
    at(path) {
      const url = new URL(base)
      url.pathname = root + path
      return url
    },
    headers: {
      'user-agent': 'holdfast',
      'accept-encoding': 'identity',
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
  }
}
