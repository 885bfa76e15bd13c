import type { IncomingMessage } from 'node:http'
import { Failure } from '../core/failures.ts'
import { isOurs, loopbackNames, parseHost, type Authority } from './host.ts'
import { checkOrigin, type Source } from './origin.ts'
import { parseTarget } from './target.ts'

/** Whom the edge answers, beyond what is always right: the loopback names, and pages of its own. */
export interface Allow {
  /** `name` or `name:port`, as Host headers write them. */
  readonly hosts?: readonly string[]
  /** Origins of other pages that may connect, exact: `https://app.example`. */
  readonly origins?: readonly string[]
  /** How the configured hosts are reached: `https` behind a proxy that ends TLS. Default `http`. */
  readonly scheme?: 'http' | 'https'
}

/** What a request's head says, checked: read once, used by everything after. */
export interface Inspected {
  readonly host: Authority
  readonly url: URL
  readonly https: boolean
}

/** @throws Failure `invalid_request`, `misdirected` */
export const inspect = (req: IncomingMessage, { hosts = [], scheme = 'http' }: Allow): Inspected => {
  const host = parseHost(req.rawHeaders)
  if (!isOurs(host, hosts, req.socket.localAddress)) throw new Failure('misdirected')
  const https = scheme === 'https' && !loopbackNames.includes(host.name)
  return { host, https, url: parseTarget(req.url ?? '', `${https ? 'https' : 'http'}://${host.text}`) }
}

/** Where a request comes from. `origin` is told also when the browser only says that it is ours. */
export interface Came {
  readonly source: Source
  readonly origin: string | undefined
}

/** @param strict see checkOrigin @throws Failure `origin_refused` */
export const whence = (
  req: IncomingMessage,
  { host, https }: Inspected,
  { origins = [] }: Allow,
  strict: boolean,
): Came => {
  const own = `${https ? 'https' : 'http'}://${host.text}`
  const source = checkOrigin(req, { own, listed: origins }, strict)
  return { source, origin: req.headers.origin ?? (source === 'same-origin' ? own : undefined) }
}
