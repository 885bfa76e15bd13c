import { failures, type Failure } from '../core/failures.ts'

const typeOf = (status: number): string => {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 404) return 'not_found_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'api_error' : 'invalid_request_error'
}

/** An error as HTTP tells it, everywhere. `type` and `param` are for the OpenAI SDKs, `request_id` is for the log. */
export interface ErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const errorAnswer = (failure: Failure, requestId: string): ErrorAnswer => {
  const { code, message, param, retryAfterMs } = failure
  const status = failures[code].http
  const error = {
    code,
    message,
    status,
    type: typeOf(status),
    retryable: failures[code].retryable,
    ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
    ...(param !== undefined && { param }),
    request_id: requestId,
  }
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      ...(retryAfterMs !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
      ...(status === 401 && { 'www-authenticate': 'Bearer realm="holdfast"' }),
    },
    body: JSON.stringify({ error }),
  }
}
