import { pino, type DestinationStream, type Logger as Pino } from 'pino'

/** The log: JSON lines with request and session ids, and no secret. */
export type Logger = Pick<Pino, 'info' | 'warn' | 'error' | 'debug' | 'child'>

/** Query parameters that carry credentials. */
const secretNames = new Set(['ticket', 'token', 'key', 'api_key', 'access_token', 'auth', 'password', 'secret'])

/**
 * What is shown instead of anything that looks like a credential, wherever in a line it stands: our own keys, tickets
 * and cookies, bearer values, JWTs, model providers' keys. One character class each, so no input makes them slow.
 */
const secretShapes =
  /\bhf[a-z]?_[\w-]{20,}|\bBearer [\w.~+/=-]{8,}|\beyJ[\w-]{10,}\.[\w.-]+|\b(?:sk|pk|ghp|xox[a-z])[-_][\w-]{16,}/g

export const redact = (text: string): string => text.replace(secretShapes, '[redacted]')

/** A request target fit for a log: values of credential parameters are gone, and so is anything over 500 code units. */
export const redactTarget = (target: string): string => {
  const [path = '', query] = target.slice(0, 500).split('?', 2)
  if (query === undefined) return redact(path)
  const shown = query.split('&').map((pair) => {
    const name = pair.split('=', 1)[0] ?? ''
    return secretNames.has(name.toLowerCase()) ? `${name}=[redacted]` : pair
  })
  return redact(`${path}?${shown.join('&')}`)
}

interface Told {
  readonly type: string
  readonly message: string
  readonly stack?: string
  readonly code?: unknown
  readonly cause?: Told
}

/** Errors carry what they were given (`Invalid URL` has the URL as a property): only these fields are ever written. */
const tellError = (error: unknown, depth = 0): Told => {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { name, message, stack, cause } = error
  return {
    type: name,
    message,
    ...(stack !== undefined && { stack }),
    ...('code' in error && { code: error.code }),
    ...(cause !== undefined && depth < 3 && { cause: tellError(cause, depth + 1) }),
  }
}

export interface LogOptions {
  /** Default `info`. */
  readonly level?: string
  /** Where the lines go. Default: standard output. */
  readonly to?: DestinationStream
}

/** A logger whose lines pass a last filter for credentials, however they got into them. */
export const createLogger = ({ level = 'info', to }: LogOptions = {}): Logger =>
  pino(
    {
      level,
      base: null,
      serializers: { err: (error: unknown) => tellError(error) },
      redact: ['headers', '*.headers', 'authorization', 'cookie', 'ticket', 'token', 'key', '*.token', '*.key'],
      hooks: { streamWrite: redact },
    },
    ...(to === undefined ? [] : [to]),
  )
