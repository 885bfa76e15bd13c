import type { Env } from '../core/ports.ts'
import { hashToken, newToken } from './secret-token.ts'

/** What a ticket is good for. */
export interface TicketScope {
  /** The key it stands for. */
  readonly key: string
  /** The one path it opens. */
  readonly path: string
  /** The origin of the page that asked for it, when a page did. */
  readonly origin?: string
}

/** One-time tickets: the only credential that may stand in a URL. In memory, hashed; a restart voids them. */
export interface Tickets {
  /** @param life ms; default 30 s */
  issue(scope: TicketScope, life?: number): { readonly ticket: string; readonly expires: number }
  /**
   * Uses a ticket up, whether it fits or not. The key it stands for, or undefined.
   * @param origin where the request says it comes from, if it does
   */
  redeem(ticket: string, path: string, origin: string | undefined): string | undefined
}

/** ms; security.md, S10 */
export const ticketLife = 30_000
/** More than this unused at once is an attack or a bug; the oldest go first. */
const most = 10_000

export const createTickets = (env: Env): Tickets => {
  const open = new Map<string, TicketScope & { readonly ends: number }>()
  const name = (ticket: string): string => Buffer.from(hashToken(ticket)).toString('base64')
  const forget = (): void => {
    for (const [id, scope] of open) if (scope.ends <= env.monotonic() || open.size >= most) open.delete(id)
  }
  return {
    issue: (scope, life = ticketLife) => {
      forget()
      const ticket = newToken('hft')
      open.set(name(ticket), { ...scope, ends: env.monotonic() + life })
      return { ticket, expires: env.now() + life }
    },
    redeem: (ticket, path, origin) => {
      const id = name(ticket)
      const scope = open.get(id)
      open.delete(id)
      if (scope === undefined || scope.ends <= env.monotonic() || scope.path !== path) return undefined
      return scope.origin === undefined || scope.origin === origin ? scope.key : undefined
    },
  }
}
