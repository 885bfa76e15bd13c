import { Failure, failures } from '../core/failures.ts'
import type { WireError } from '../core/frames.ts'
import type { Journal, Listed } from '../core/ports.ts'

/** Who is asking, as far as sessions must know. */
export interface Caller {
  /** What events carry as `by`. */
  readonly id: string
  readonly name: string
  readonly permissions: ReadonlySet<string>
  /** Wall-clock ms after which the credential is void. */
  readonly expires?: number
}

/** @throws Failure `unauthorized`, `forbidden` */
export const allow = (caller: Caller | undefined, permission: string): Caller => {
  if (caller === undefined) throw new Failure('unauthorized')
  if (!caller.permissions.has(permission)) throw new Failure('forbidden', `This key may not ${permission}`)
  return caller
}

/**
 * The line of a session that this caller may see. An id authorises nothing: another's session is told exactly like one
 * that does not exist (S12).
 * @throws Failure `not_found`
 */
export const visible = async (
  gateway: { readonly journal: Pick<Journal, 'head'> },
  session: string,
  caller: Caller,
): Promise<Listed & { readonly floor: number }> => {
  const line = await gateway.journal.head(session).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'not_found') return undefined
    throw error
  })
  if (line === undefined || line.by !== caller.id) throw new Failure('not_found', 'Session not found')
  return line
}

/** A failure as every wire tells it. */
export const wireError = ({ code, message, retryAfterMs, param }: Failure): WireError => ({
  code,
  message,
  retryable: failures[code].retryable,
  ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
  ...(param !== undefined && { param }),
})
