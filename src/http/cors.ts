import { requestHeaders, responseHeaders } from '../dialects/durable-streams/headers.ts'

/**
 * What a page of another, allowed origin may send and read. Never with cookies: such a page shows a key. Call it with an
 * origin that was checked against the allow list, never with what a request says.
 */
export const corsHeaders = (origin: string): readonly (readonly [string, string])[] =>
  Object.entries({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': ['X-Request-Id', 'Retry-After', ...responseHeaders].join(', '),
    'cross-origin-resource-policy': 'cross-origin',
    vary: 'Origin',
  })

/** The answer to a browser that asks before it sends. */
export const preflightHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers': [
    'Authorization',
    'Content-Type',
    'X-Api-Key',
    'Idempotency-Key',
    ...requestHeaders,
  ].join(', '),
  'access-control-max-age': '600',
}
