import { z } from 'zod'
import { Failure } from '../core/failures.ts'
import { hasBody } from './body.ts'
import { cookieName, cookieValue } from './credential.ts'
import type { Identity } from './identity.ts'
import type { Call, Route } from './route.ts'
import { ticketLife } from './tickets.ts'

const TicketRequest = z.object({ path: z.string().startsWith('/').max(2000).optional() })

export interface AccountOptions {
  readonly identity: Identity
  /** The path that a ticket opens when none is asked for: the native socket's. */
  readonly ticketPath: string
}

/** Who am I, tickets, and signing a browser out. */
export const accountRoutes = ({ identity, ticketPath }: AccountOptions): readonly Route[] => [
  {
    method: 'GET',
    path: '/v1/me',
    access: 'read',
    handle: ({ principal: { id, name, permissions, expires }, send }) =>
      send(200, {
        id,
        name,
        permissions: [...permissions],
        ...(expires !== undefined && { expires_at: new Date(expires).toISOString() }),
      }),
  },
  {
    method: 'POST',
    path: '/v1/tickets',
    access: 'read',
    limit: 4096,
    handle: async (call) => {
      const { path = ticketPath } = hasBody(call.req) ? await call.json(TicketRequest) : {}
      const { origin } = call.req.headers
      const { ticket, expires } = identity.tickets.issue({
        key: call.principal.key,
        path,
        ...(origin !== undefined && { origin }),
      })
      call.send(201, { ticket, path, expires_in_ms: ticketLife, expires_at: new Date(expires).toISOString() })
    },
  },
  {
    method: 'DELETE',
    path: '/v1/me/session',
    access: 'read',
    handle: (call) => {
      const name = cookieName(call.url.host, call.url.protocol === 'https:')
      const session = cookieValue(call.req.headers.cookie, name)
      if (session !== undefined) identity.closeBrowser(session)
      call.res.writeHead(204, { 'set-cookie': setCookie(call, name, '', 0) }).end()
    },
  },
]

/**
 * Signs a browser in by a one-time ticket in the address, and takes the ticket out of it. A person whose link is used up
 * gets the page all the same, which says so and asks for a key.
 * @returns false when there is no ticket in the address
 * @throws Failure `unauthorized`
 */
export const signIn = (call: Call, identity: Identity): boolean => {
  const ticket = call.url.searchParams.get('ticket')
  if (ticket === null) return false
  const { headers } = call.req
  // A link typed or clicked elsewhere has no origin; our own page, whose ticket is bound to it, says where it comes from.
  const origin = headers['sec-fetch-site'] === 'same-origin' ? call.url.origin : undefined
  const key = identity.tickets.redeem(ticket, call.url.pathname, origin)
  if (key === undefined || identity.principal(key) === null) {
    if (!(headers.accept ?? '').includes('text/html'))
      throw new Failure('unauthorized', 'This link was used before or is too old: ask for another one')
    call.res.writeHead(303, { location: '/#link-used', 'cache-control': 'no-store' }).end()
    return true
  }
  const { token, expires } = identity.openBrowser(key)
  const name = cookieName(call.url.host, call.url.protocol === 'https:')
  const seconds = Math.floor((expires - Date.now()) / 1000)
  call.res
    .writeHead(303, { location: '/', 'cache-control': 'no-store', 'set-cookie': setCookie(call, name, token, seconds) })
    .end()
  return true
}

const setCookie = (call: Call, name: string, value: string, seconds: number): string =>
  [
    `${name}=${value}`,
    'Path=/',
    `Max-Age=${seconds}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(call.url.protocol === 'https:' ? ['Secure'] : []),
  ].join('; ')
