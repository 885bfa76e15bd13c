import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { addRoute, createRouter, findRoute } from 'rou3'
import { toFailure } from '../../src/core/failures.ts'
import type { Env } from '../../src/core/ports.ts'
import { requestHeaders } from '../../src/dialects/durable-streams/headers.ts'
import { readBody } from '../../src/http/body.ts'
import { errorAnswer } from '../../src/http/envelope.ts'
import { securityHeaders } from '../../src/http/headers.ts'
import type { Call, Route } from '../../src/http/route.ts'

/** Real time. */
export const realEnv: Env = {
  now: Date.now,
  monotonic: () => performance.now(),
  random: Math.random,
  id: () => crypto.randomUUID(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}

export interface Served {
  readonly origin: string
  close(): Promise<void>
}

/** Routes on a real socket without the edge's checks. */
export const serve = async (routes: readonly Route[]): Promise<Served> => {
  const router = createRouter<Route>()
  for (const route of routes) addRoute(router, route.method, route.path, route)
  const server = createServer((req, res) => void handle(router, req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const handle = async (router: ReturnType<typeof createRouter<Route>>, req: IncomingMessage, res: ServerResponse) => {
  for (const [name, value] of Object.entries(securityHeaders('test', false))) res.setHeader(name, value)
  try {
    const url = new URL(`http://${req.headers.host}${req.url}`)
    if (req.method === 'OPTIONS') {
      res.writeHead(204, { 'access-control-allow-headers': requestHeaders.join(', ') }).end()
      return
    }
    const match = findRoute(router, req.method ?? '', url.pathname)
    if (match === undefined) throw new Error(`no route for ${req.url}`)
    await match.data.handle(callOf(req, res, url, match.params ?? {}, match.data.limit))
  } catch (error) {
    const { status, headers, body } = errorAnswer(toFailure(error), 'test')
    if (status === 500) console.error(error)
    if (res.headersSent) res.destroy()
    else res.writeHead(status, headers).end(body)
  }
}

const callOf = (
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  params: Readonly<Record<string, string>>,
  limit = 1024 * 1024,
): Call => ({
  req,
  res,
  url,
  params,
  principal: { id: 'user:test', name: 'test', key: 'test', permissions: new Set(['read', 'write']) },
  requestId: 'test',
  log: pino({ level: 'silent' }),
  body: () => readBody(req, limit),
  json: () => Promise.reject(new Error('not used here')),
  send: (status, value, headers) =>
    void res.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(value)),
})
