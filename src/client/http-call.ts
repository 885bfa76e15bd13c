import type { WireError } from '../core/frames.ts'
import { ClientError } from './error.ts'

/** As much of `fetch` as is used. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>

/** How to reach the server over HTTP. */
export interface Http {
  /** With a slash at the end. */
  readonly base: string
  readonly fetch: Fetch
  /** The credential, where it is not a cookie. */
  readonly headers: Readonly<Record<string, string>>
  /** Calls back once after `ms` unless cancelled. */
  readonly after: (ms: number, call: () => void) => () => void
}

/** An event stream was open and said nothing: something on the way keeps it back. */
export const heldBack = new Error()

/**
 * One request, with the credential.
 * @throws ClientError when the server says no in its envelope; any other error means that the way there is broken
 */
export const call = async (http: Http, path: string, init: RequestInit = {}): Promise<Response> => {
  const headers = { ...(init.headers as Record<string, string> | undefined), ...http.headers }
  // Called as a method it would complain about its `this`.
  const { fetch } = http
  const response = await fetch(`${http.base}${path}`, { ...init, cache: 'no-store', headers })
  if (response.ok) return response
  const { error } = (await response.json()) as { error: WireError }
  if (typeof error?.code !== 'string') throw new Error()
  throw new ClientError({ ...error, retryable: error.retryable ?? false })
}

/** The path of something of a session. */
export const sessionPath = (session: string, what: string): string =>
  `v1/sessions/${encodeURIComponent(session)}/${what}`

/** One answer of the read side: events as a JSON array in text, and where the reader is then. */
export interface Page {
  readonly json: string
  readonly cursor: string
  readonly upToDate: boolean
}

/** @param offset a cursor, `-1` or `now` */
export const readPage = async (
  http: Http,
  session: string,
  offset: string,
  signal: AbortSignal | undefined,
  live = '',
): Promise<Page> =>
  within(http, signal, async (init) => {
    const response = await call(http, `${sessionPath(session, 'events')}?offset=${offset}${live}`, init)
    const text = response.status === 204 ? '' : await response.text()
    const cursor = response.headers.get('stream-next-offset')
    if (cursor === null) throw new Error()
    return { json: text === '' ? '[]' : text, cursor, upToDate: response.headers.get('stream-up-to-date') === 'true' }
  })

/** ms for a request and its answer. A long-poll waits 20 s of them. */
const limit = 30_000

/**
 * Gives up what takes too long: a kept connection that is half-open never answers, and pings that go over another one
 * would not find out.
 */
export const within = async <T>(
  http: Http,
  signal: AbortSignal | undefined,
  work: (init: { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> => {
  const held = under(signal)
  const cancel = http.after(limit, () => held.abort())
  try {
    return await work({ signal: held.signal })
  } finally {
    cancel()
    held.abort()
  }
}

/** Aborts with another, or by itself. By hand: React Native has no `AbortSignal.any`. */
export const under = (signal?: AbortSignal): AbortController => {
  const controller = new AbortController()
  const pass = (): void => controller.abort(signal?.reason)
  if (signal?.aborted) pass()
  signal?.addEventListener('abort', pass)
  controller.signal.addEventListener('abort', () => signal?.removeEventListener('abort', pass))
  return controller
}
