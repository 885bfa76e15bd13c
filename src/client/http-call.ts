import type { WireError } from '../core/frames.ts'

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

/** The server answered, and it was no. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly error: WireError
  constructor(error: WireError) {
    super(error.message)
    this.error = error
  }
}

/** The wire must be given up, with this close code. */
export class Broken extends Error {
  override readonly name = 'Broken'
  readonly code: number
  constructor(code: number) {
    super(`broken: ${code}`)
    this.code = code
  }
}

/**
 * One request, with the credential.
 * @throws Refused when the server says no in its envelope; any other error means that the way there is broken
 */
export const call = async (http: Http, path: string, init: RequestInit = {}): Promise<Response> => {
  const headers = { ...(init.headers as Record<string, string> | undefined), ...http.headers }
  const response = await http.fetch(`${http.base}${path}`, { ...init, cache: 'no-store', headers })
  if (response.ok) return response
  const { error } = (await response.json()) as { error: WireError }
  if (typeof error?.code !== 'string') throw new Broken(1006)
  throw new Refused({ ...error, retryable: error.retryable === true })
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
  signal: AbortSignal | null,
  live = '',
): Promise<Page> => {
  const response = await call(http, `${sessionPath(session, 'events')}?offset=${offset}${live}`, { signal })
  const text = response.status === 204 ? '' : await response.text()
  const cursor = response.headers.get('stream-next-offset')
  if (cursor === null) throw new Broken(1006)
  return { json: text === '' ? '[]' : text, cursor, upToDate: response.headers.get('stream-up-to-date') === 'true' }
}

/** Aborts with another, or by itself. By hand: React Native has no `AbortSignal.any`. */
export const under = (signal: AbortSignal): AbortController => {
  const controller = new AbortController()
  const pass = (): void => controller.abort(signal.reason)
  if (signal.aborted) pass()
  signal.addEventListener('abort', pass)
  controller.signal.addEventListener('abort', () => signal.removeEventListener('abort', pass))
  return controller
}
