import type { IncomingMessage } from 'node:http'
import { Failure } from '../core/failures.ts'
import { rawValues } from './host.ts'
import type { Identity } from './identity.ts'
import type { Source } from './origin.ts'
import type { Principal } from './route.ts'

/** How a credential came. */
export type Carrier = 'bearer' | 'api-key' | 'ticket' | 'cookie'

export interface Credential {
  readonly carrier: Carrier
  readonly principal: Principal
}

/** What the edge knows of a request besides its headers. */
export interface Asked {
  readonly req: IncomingMessage
  readonly url: URL
  readonly source: Source
  /** The origin that the request comes from, if it can be told. */
  readonly origin: string | undefined
  /** An upgrade or a stream: where a browser can set no header, so that a ticket may stand in the URL. */
  readonly live: boolean
  readonly cookie: string
}

const refused = (): Failure => new Failure('unauthorized')
const ticketProtocol = 'holdfast.ticket.'

/**
 * The credential of a request, or undefined when there is none. One that is there and wrong is never overlooked in
 * favour of another.
 * @throws Failure `unauthorized`
 */
export const findCredential = (asked: Asked, identity: Identity): Credential | undefined => {
  const key = headerKey(asked.req.rawHeaders)
  if (key !== undefined) return known(key.carrier, identity.authenticate(key.value))
  const ticket = asked.live ? ticketOf(asked) : undefined
  if (ticket !== undefined) {
    const keyId = identity.tickets.redeem(ticket, asked.url.pathname, asked.origin)
    return known('ticket', keyId === undefined ? null : identity.principal(keyId))
  }
  const session = cookieValue(asked.req.headers.cookie, asked.cookie)
  return session === undefined || !cookieMayCome(asked) ? undefined : known('cookie', identity.browser(session))
}

const known = (carrier: Carrier, principal: Principal | null): Credential => {
  if (principal === null) throw refused()
  return { carrier, principal }
}

/** @throws Failure `unauthorized` for a header that is there but doubled, empty or of another scheme */
const headerKey = (raw: readonly string[]): { carrier: Carrier; value: string } | undefined => {
  const bearer = rawValues(raw, 'authorization')
  const plain = rawValues(raw, 'x-api-key')
  if (bearer.length + plain.length === 0) return undefined
  if (bearer.length > 1 || plain.length > 1) throw refused()
  if (bearer[0] === undefined) return { carrier: 'api-key', value: plain[0] ?? '' }
  if (bearer[0].slice(0, 7).toLowerCase() !== 'bearer ') throw refused()
  return { carrier: 'bearer', value: bearer[0].slice(7).trim() }
}

const ticketOf = ({ req, url }: Asked): string | undefined => {
  const inQuery = url.searchParams.get('ticket')
  if (inQuery !== null) return inQuery
  const offered = (req.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim())
  return offered.find((one) => one.startsWith(ticketProtocol))?.slice(ticketProtocol.length)
}

/**
 * A browser sends our cookie with anything; it counts only where the browser also says that our own page asked. A page
 * of another origin that is on the list shows a key of its own.
 */
const cookieMayCome = ({ req, source, live }: Asked): boolean => {
  if (source === 'own' || source === 'same-origin') return true
  return source !== 'listed' && !live && (req.method === 'GET' || req.method === 'HEAD')
}

/** The value of a cookie; undefined when it is missing or doubled (a sibling domain can plant a second one). */
export const cookieValue = (header: string | undefined, name: string): string | undefined => {
  const found = (header ?? '').split(';').filter((pair) => pair.slice(0, pair.indexOf('=')).trim() === name)
  return found.length === 1 ? found[0]?.slice(found[0].indexOf('=') + 1).trim() : undefined
}

/**
 * The cookie of a browser's session. Over HTTPS the `__Host-` prefix binds it to this host; on plain HTTP the port is in
 * its name, because cookies know no ports and two servers on one machine would take each other's place.
 */
export const cookieName = (host: string, https: boolean): string =>
  https ? '__Host-holdfast' : `holdfast-${/:(\d+)$/.exec(host)?.[1] ?? '80'}`
