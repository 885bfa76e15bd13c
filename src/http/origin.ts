import type { IncomingMessage } from 'node:http'
import { Failure } from '../core/failures.ts'
import { rawValues } from './host.ts'

/** Where a request comes from: an allowed origin, our own page without saying so (`same-origin`), or no browser at all. */
export type Source = 'origin' | 'same-origin' | 'navigation' | 'unknown'

/**
 * Refuses what another site's page sends. An `Origin` must be exactly one that is allowed, on every request; without
 * one, a browser's `Sec-Fetch-Site` must not tell of another site, where `strict`: all but public reads.
 * `same-site` is another site too: cookies know no ports, so a page of another local server would come with our cookie.
 * @throws Failure `origin_refused`
 */
export const checkOrigin = (req: IncomingMessage, allowed: readonly string[], strict: boolean): Source => {
  const origins = rawValues(req.rawHeaders, 'origin')
  const [origin] = origins
  if (origin !== undefined) {
    if (origins.length > 1 || !allowed.includes(origin)) throw new Failure('origin_refused')
    return 'origin'
  }
  const site = req.headers['sec-fetch-site']
  if (site === undefined) return 'unknown'
  if (site === 'same-origin') return 'same-origin'
  if (site === 'none') return 'navigation'
  if (strict) throw new Failure('origin_refused')
  return 'unknown'
}
