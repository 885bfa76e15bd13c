import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkBody, defaultBodyLimit, jsonBody, readBody } from './body.ts'
import type { Logger } from './log.ts'
import type { Call, Principal } from './route.ts'

/** Nobody in particular: public routes are called by it. */
export const anonymous: Principal = { id: 'anonymous', key: '', name: 'anonymous', permissions: new Set() }

/** What a Call is made of. */
export interface Parts {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly url: URL
  readonly params: Readonly<Record<string, string>>
  readonly principal: Principal
  readonly requestId: string
  /** Bytes */
  readonly limit: number | undefined
  readonly log: () => Logger
}

/** @throws Failure when the headers already say that the body will not be taken */
export const createCall = ({
  req,
  res,
  url,
  params,
  principal,
  requestId,
  limit = defaultBodyLimit,
  log,
}: Parts): Call => {
  checkBody(req, limit)
  let body: Promise<Buffer> | undefined
  const read = (): Promise<Buffer> => (body ??= readBody(req, limit))
  return {
    req,
    res,
    url,
    params,
    principal,
    requestId,
    get log() {
      return log()
    },
    body: read,
    json: async (shape) => jsonBody(req.headers['content-type'], await read(), shape),
    send: (status, value, headers = {}) => {
      const text = Buffer.from(JSON.stringify(value))
      res.writeHead(status, {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'content-length': text.length,
        ...headers,
      })
      res.end(text)
    },
  }
}
