import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failure, toFailure } from '../core/failures.ts'
import { answerFailure, closeUnread } from './answer.ts'
import { anonymous, createCall } from './call.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { identify, need, takeLive, type Gate } from './gate.ts'
import { securityHeaders } from './headers.ts'
import { inspect, whence, type Inspected } from './inspect.ts'
import { redactTarget } from './log.ts'
import type { Principal, Route } from './route.ts'
import type { Found, Router } from './router.ts'

/** One request on its way: what has become known of it so far, for the log. */
interface Progress {
  readonly requestId: string
  by?: string
}

/** Routes and sockets in one table; a socket's path without an upgrade is answered 426. */
export type RouteTable = Router<Route | 'socket'>

const isRead = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD'

/** A read that stays open: where a browser can set no header, and what counts as a connection of its key. */
const isLive = (req: IncomingMessage, url: URL): boolean =>
  req.method === 'GET' && (url.searchParams.has('live') || (req.headers.accept ?? '').includes('text/event-stream'))

export const createRequestHandler = (
  gate: Gate,
  table: RouteTable,
): ((req: IncomingMessage, res: ServerResponse) => void) => {
  const run = async (req: IncomingMessage, res: ServerResponse, progress: Progress): Promise<void> => {
    const seen = inspect(req, gate.allow)
    for (const [name, value] of Object.entries(securityHeaders(progress.requestId, seen.https)))
      res.setHeader(name, value)
    const found = find(req, seen)
    const open = found?.value.access === 'public'
    const came = whence(req, seen, gate.allow, !(open && isRead(req.method)))
    const shared = found?.value.cors === true && came.source === 'listed'
    if (shared) for (const [name, value] of corsHeaders(came.origin ?? '')) res.setHeader(name, value)
    if (found === undefined || (req.method === 'OPTIONS' && !shared)) throw missing(req, seen, res)
    if (req.method === 'OPTIONS') {
      res.writeHead(204, preflightHeaders).end()
      return
    }
    const { value: route, params } = found
    const live = isLive(req, seen.url)
    let principal: Principal = anonymous
    if (route.access !== 'public') {
      const credential = identify(gate, req, seen, came, live)
      if (credential === undefined) throw new Failure('unauthorized')
      ;({ principal } = credential)
      progress.by = principal.id
      need(principal, route.access)
      if (live) res.once('close', takeLive(gate, principal))
    }
    const log = () => gate.log.child({ request_id: progress.requestId })
    await route.handle(
      createCall({
        req,
        res,
        url: seen.url,
        params,
        principal,
        requestId: progress.requestId,
        limit: route.limit,
        log,
      }),
    )
  }

  const find = (req: IncomingMessage, { url }: Inspected): Found<Route> | undefined => {
    // A browser's question before a request is about the row of that request.
    const method = (req.method === 'OPTIONS' ? req.headers['access-control-request-method'] : req.method) ?? ''
    const found = table.find(method, url.pathname) ?? (method === 'HEAD' ? table.find('GET', url.pathname) : undefined)
    return found === undefined || found.value === 'socket' ? undefined : { value: found.value, params: found.params }
  }

  const missing = (req: IncomingMessage, { url }: Inspected, res: ServerResponse): Failure => {
    const methods = table.methods(url.pathname)
    const taken = methods.filter((method) => method !== 'SOCKET')
    if (methods.length > taken.length && isRead(req.method)) {
      res.setHeader('upgrade', 'websocket')
      return new Failure('upgrade_required')
    }
    if (taken.length === 0) return new Failure('not_found')
    res.setHeader('allow', [...taken, ...(taken.includes('GET') && !taken.includes('HEAD') ? ['HEAD'] : [])].join(', '))
    return new Failure('method_not_allowed')
  }

  const failed = (req: IncomingMessage, res: ServerResponse, error: unknown, requestId: string): void => {
    const failure = toFailure(error)
    if (failure.code === 'internal')
      gate.log.error({ request_id: requestId, err: failure.cause ?? failure }, 'a request failed')
    if (!res.headersSent)
      for (const [name, value] of Object.entries(securityHeaders(requestId, false)))
        if (!res.hasHeader(name)) res.setHeader(name, value)
    answerFailure(req, res, failure, requestId)
  }

  return (req, res) => {
    const progress: Progress = { requestId: gate.env.id() }
    const started = gate.env.monotonic()
    res.once('close', () => {
      const ms = Math.round(gate.env.monotonic() - started)
      const { requestId, by } = progress
      const line = {
        request_id: requestId,
        method: req.method,
        target: redactTarget(req.url ?? ''),
        status: res.statusCode,
        ms,
        by,
        from: req.socket.remoteAddress,
        cut: !res.writableFinished,
      }
      gate.log.info(line, 'request')
    })
    res.on('error', () => res.destroy())
    res.once('finish', () => closeUnread(req))
    run(req, res, progress).catch((error: unknown) => failed(req, res, error, progress.requestId))
  }
}
