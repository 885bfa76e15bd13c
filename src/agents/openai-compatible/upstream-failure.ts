import { Failure, type FailureCode } from '../../core/failures.ts'
import { shorten } from '../text.ts'
import { objectIn, stringIn } from './read.ts'
import type { Redact } from './redact.ts'

/** Code units of a provider's own message that are shown at most [S41]. */
const shown = 200
/** The longest wait that a Retry-After is believed, ms: a day. */
const longestWait = 86_400_000

/** What a status alone says. */
const codeOfStatus = (status: number): FailureCode => {
  if (status === 401 || status === 403) return 'upstream_unauthorized'
  if (status === 404) return 'model_not_found'
  if (status === 408) return 'timeout'
  if (status === 429) return 'upstream_rate_limited'
  if (status === 503 || status === 529) return 'upstream_overloaded'
  if (status >= 500 || status === 409 || status === 425) return 'upstream_error'
  return 'upstream_rejected'
}

/** Providers' own names for what went wrong (OpenAI's, Anthropic's, and what gateways make of them). */
const codeOfName: Readonly<Record<string, FailureCode>> = {
  model_not_found: 'model_not_found',
  insufficient_quota: 'upstream_rejected',
  context_length_exceeded: 'upstream_rejected',
  invalid_request_error: 'upstream_rejected',
  invalid_api_key: 'upstream_unauthorized',
  authentication_error: 'upstream_unauthorized',
  permission_error: 'upstream_unauthorized',
  not_found_error: 'model_not_found',
  rate_limit_error: 'upstream_rate_limited',
  rate_limit_exceeded: 'upstream_rate_limited',
  overloaded_error: 'upstream_overloaded',
  timeout_error: 'timeout',
}

const named = (value: unknown): FailureCode | undefined => {
  const name = stringIn(value)
  return name !== undefined && Object.hasOwn(codeOfName, name) ? codeOfName[name] : undefined
}

/** The `{error: …}` of a body or of a stream, in the shapes that are around. */
export const errorIn = (body: unknown): Readonly<Record<string, unknown>> | undefined => {
  const error = objectIn(body)?.['error']
  return objectIn(error) ?? (typeof error === 'string' ? { message: error } : undefined)
}

/** An answer that is not 200. */
export const failureOfStatus = (
  status: number,
  body: unknown,
  more: { readonly retryAfterMs: number | undefined; readonly redact: Redact },
): Failure => {
  const error = errorIn(body)
  const byName = named(error?.['code'])
  // A 404 without an error object is a wrong address, not a missing model.
  const code = byName ?? (status === 404 && error === undefined ? 'upstream_rejected' : codeOfStatus(status))
  const hint = status === 404 && error === undefined ? ': is the base URL right?' : ''
  return new Failure(code, `${words(code)} (HTTP ${status})${hint || quote(error, more.redact)}`, {
    ...(more.retryAfterMs !== undefined && { retryAfterMs: more.retryAfterMs }),
  })
}

/** An error event within a stream that began as a success. */
export const failureOfEvent = (error: Readonly<Record<string, unknown>>, redact: Redact): Failure => {
  const status = Number(error['code'] ?? error['status'])
  const byStatus = status >= 400 && status < 600 ? codeOfStatus(status) : undefined
  const code = named(error['code']) ?? named(error['type']) ?? byStatus ?? 'upstream_error'
  return new Failure(code, `${words(code)}${quote(error, redact)}`)
}

/** Node's errors about sockets. */
export const failureOfSocket = (error: unknown): Failure => {
  const code = stringIn(objectIn(error)?.['code']) ?? ''
  if (code.startsWith('HPE_'))
    return new Failure('upstream_garbage', 'The model server does not speak HTTP', { cause: error })
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED')
    return new Failure('upstream_reset', undefined, { cause: error })
  return new Failure('upstream_unreachable', `${words('upstream_unreachable')}${code === '' ? '' : ` (${code})`}`, {
    cause: error,
  })
}

/** ms to wait by the answer's headers: `retry-after-ms`, or `retry-after` in seconds or as a date. */
export const retryAfterIn = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
  now: number,
): number | undefined => {
  const exact = Number(headers['retry-after-ms'] ?? Number.NaN)
  const text = String(headers['retry-after'] ?? '').trim()
  const seconds = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) * 1000 : Number.NaN
  // HTTP dates begin with the name of a day; Date.parse alone would take "-3" for one.
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) - now : Number.NaN
  const wait = [exact, seconds, date].find((ms) => !Number.isNaN(ms)) ?? Number.NaN
  return Number.isFinite(wait) ? Math.min(longestWait, Math.max(0, Math.ceil(wait))) : undefined
}

const words = (code: FailureCode): string => new Failure(code).message

const quote = (error: Readonly<Record<string, unknown>> | undefined, redact: Redact): string => {
  const message = stringIn(error?.['message'])
  return message === undefined ? '' : `: "${shorten(redact(message), shown)}"`
}
