import type { IncomingMessage } from 'node:http'
import { Failure } from '../core/failures.ts'
import type { Env } from '../core/ports.ts'
import type { Admission } from './admission.ts'
import { cookieName, findCredential, type Credential } from './credential.ts'
import type { Identity } from './identity.ts'
import type { Allow, Came, Inspected } from './inspect.ts'
import type { Quota } from './limits.ts'
import type { Logger } from './log.ts'
import type { Permission, Principal } from './route.ts'

/** What requests and upgrades share. */
export interface Gate {
  readonly identity: Identity
  readonly allow: Allow
  readonly admission: Admission
  /** Live connections of each key. */
  readonly live: Quota
  readonly log: Logger
  readonly env: Env
}

/** @throws Failure `forbidden` */
export const need = (principal: Principal, permission: Permission): void => {
  if (!principal.permissions.has(permission)) throw new Failure('forbidden')
}

/** The credential of a request, if there is one; its connection then counts as one that has shown who it is. @throws Failure `unauthorized` */
export const identify = (
  gate: Gate,
  req: IncomingMessage,
  seen: Inspected,
  came: Came,
  live: boolean,
): Credential | undefined => {
  const cookie = cookieName(seen.host.text, seen.https)
  const credential = findCredential({ req, url: seen.url, ...came, live, cookie }, gate.identity)
  if (credential !== undefined) gate.admission.admit(req.socket)
  return credential
}

/** Takes one of a key's live connections. @throws Failure `rate_limited` */
export const takeLive = (gate: Gate, principal: Principal): (() => void) => {
  const release = gate.live.take(principal.key)
  if (release === undefined)
    throw new Failure('rate_limited', 'This key has too many connections', { retryAfterMs: 1000 })
  return release
}
