import type { IncomingMessage } from 'node:http'
import { Failure } from '../core/failures.ts'
import { rawValues } from './host.ts'

/**
 * Where a request comes from: our own page (`own` by its Origin, `same-origin` by Sec-Fetch-Site alone), a page that is
 * on the list (`listed`), an address that was typed or opened (`navigation`), or no browser that says so (`unknown`).
 */
export type Source = 'own' | 'listed' | 'same-origin' | 'navigation' | 'unknown'

/** Which origins pass, exactly as browsers write them. */
export interface Origins {
  readonly own: string
  readonly listed: readonly string[]
}

/**
 * Refuses what another site's page sends. An `Origin` must be exactly one that is allowed, on every request; without
 * one, a browser's `Sec-Fetch-Site` must not tell of another site, where `strict`: all but public reads.
 * `same-site` is another site too: cookies know no ports, so a page of another local server would come with our cookie.
 * @throws Failure `origin_refused`
 */
export const checkOrigin = (req: IncomingMessage, { own, listed }: Origins, strict: boolean): Source => {
  const origins = rawValues(req.rawHeaders, 'origin')
  const [origin] = origins
  if (origins.length > 1) throw new Failure('origin_refused')
  if (origin === own) return 'own'
  if (origin !== undefined && !listed.includes(origin)) throw new Failure('origin_refused')
  if (origin !== undefined) return 'listed'
  const site = req.headers['sec-fetch-site']
  if (site === undefined) return 'unknown'
  if (site === 'same-origin') return 'same-origin'
  if (site === 'none') return 'navigation'
  if (strict) throw new Failure('origin_refused')
  return 'unknown'
}
