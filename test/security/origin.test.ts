import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Route } from '../../src/http/route.ts'
import { startEdge } from '../tools/edge.ts'
import { sendRaw, statusOf } from '../tools/raw.ts'
import { trySocket } from '../tools/sockets.ts'

const paths = ['/v1/ws', '/v1/other/:id']
const sockets = paths.map((path) => ({ path, open: () => {} }))
const methods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const
const changing: readonly Route[] = methods.map((method) => ({
  method,
  path: '/v1/thing',
  access: 'write',
  handle: (call) => call.send(200, { changed: true }),
}))
const stream: Route = { method: 'GET', path: '/v1/events', access: 'read', handle: (call) => call.send(200, {}) }

/** Origins that are not ours, for a server on `host`. */
const foreign = (host: string, port: number): readonly string[] => [
  'http://evil.example',
  `http://${host}.evil.example`,
  `http://evil.example/${host}`,
  `http://evil.example?http://${host}`,
  `http://evil${host}`,
  `http://evil@${host}`,
  'null',
  '',
  `https://${host}`,
  `HTTP://${host}`,
  `http://127.0.0.1.:${port}`,
  `http://127.0.0.1:${port + 1}`,
  `http://127.0.0.1`,
  `http://localhost:${port}`,
  `http://${host}/`,
  `http://${host}, http://${host}`,
  'file://',
  'https://app.example:443',
  'https://APP.example',
  'https://sub.app.example',
]

test.for(paths)('[S1] %s opens for exact origins and no other', async (path) => {
  const { host, port, key } = await startEdge({ sockets, allow: { origins: ['https://app.example'] } })
  const target = `ws://${host}${path.replace(':id', 'x')}`
  for (const origin of foreign(host, port)) {
    const { status, body } = await trySocket(target, { headers: { 'x-api-key': key, origin } })
    expect([origin, status]).toEqual([origin, 403])
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'origin_refused', type: 'permission_error' } })
  }
  for (const origin of [`http://${host}`, 'https://app.example'])
    expect((await trySocket(target, { headers: { 'x-api-key': key, origin } })).status).toBe(101)
})

test('[S1] two Origin headers are refused, even when both are ours', async () => {
  const { host, port, key } = await startEdge({ sockets })
  const answer = await sendRaw(
    port,
    `GET /v1/ws HTTP/1.1\r\nHost: ${host}\r\nX-Api-Key: ${key}\r\nOrigin: http://${host}\r\nOrigin: http://${host}\r\nConnection: Upgrade\r\n` +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  expect(statusOf(answer)).toBe(403)
})

test('[S1] behind a proxy that ends TLS the own origin is https', async () => {
  const { port, key } = await startEdge({ sockets, allow: { hosts: ['holdfast.example'], scheme: 'https' } })
  const attempt = async (origin: string): Promise<number> => {
    const headers = { 'x-api-key': key, origin, host: 'holdfast.example' }
    return (await trySocket(`ws://127.0.0.1:${port}/v1/ws`, { headers })).status
  }
  expect(await attempt('https://holdfast.example')).toBe(101)
  expect(await attempt('http://holdfast.example')).toBe(403)
})

test('[S2] nothing changes and no stream opens for a foreign page', async () => {
  const { url, host, port, key, lines } = await startEdge({ routes: [...changing, stream] })
  const attempt = async (method: string, path: string, headers: Record<string, string>): Promise<number> => {
    const type = method === 'GET' ? {} : { 'content-type': 'text/plain' }
    const answer = await fetch(url + path, { method, headers: { ...type, 'x-api-key': key, ...headers } })
    return answer.status
  }
  const marks: Record<string, string>[] = [
    ...foreign(host, port).map((origin) => ({ origin })),
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  ]
  for (const mark of marks) {
    for (const method of methods)
      expect([method, mark, await attempt(method, '/v1/thing', mark)]).toEqual([method, mark, 403])
    expect([mark, await attempt('GET', '/v1/events?live=sse', mark)]).toEqual([mark, 403])
    expect([mark, await attempt('POST', '/v1/tickets', mark)]).toEqual([mark, 403])
  }
  for (const mark of [{}, { origin: `http://${host}` }, { 'sec-fetch-site': 'same-origin' }])
    expect(await attempt('POST', '/v1/thing', mark)).toBe(200)
  expect(lines()).not.toContain('"level":50')
})

test('[S2] a cookie changes nothing and opens nothing unless the browser says that our page asks', async () => {
  const { url, host, port, identity } = await startEdge({ routes: [...changing, stream], sockets })
  const { token } = identity.openBrowser(identity.createKey({ name: 'me' }).id)
  const cookie = `holdfast-${port}=${token}`
  const post = async (more: Record<string, string>): Promise<number> =>
    (await fetch(`${url}/v1/thing`, { method: 'POST', headers: { cookie, ...more } })).status
  expect(await post({})).toBe(401)
  expect(await post({ 'sec-fetch-site': 'none' })).toBe(401)
  expect(await post({ origin: `http://${host}` })).toBe(200)
  expect(await post({ 'sec-fetch-site': 'same-origin' })).toBe(200)
  const read = async (path: string): Promise<number> => (await fetch(url + path, { headers: { cookie } })).status
  expect(await read('/v1/me')).toBe(200)
  expect(await read('/v1/events?live=sse')).toBe(401)
  // Without an Origin the socket opens for nobody: the cookie is not looked at.
  const opened: unknown[] = []
  const bare = await startEdge({
    allow: { origins: ['https://app.example'] },
    sockets: [{ path: '/v1/ws', open: ({ principal }) => void opened.push(principal) }],
  })
  const session = bare.identity.openBrowser(bare.identity.createKey({ name: 'me' }).id)
  const headers = { cookie: `holdfast-${bare.port}=${session.token}` }
  const { socket } = await trySocket(`ws://${bare.host}/v1/ws`, { headers })
  expect(socket.readyState).toBe(WebSocket.OPEN)
  await trySocket(`ws://${bare.host}/v1/ws`, { headers: { ...headers, origin: bare.url } })
  const listed = 'https://app.example'
  await trySocket(`ws://${bare.host}/v1/ws`, { headers: { ...headers, origin: listed } })
  expect(opened).toEqual([null, expect.objectContaining({ name: 'me' }), null])
})

test('[S4] no answer carries a CORS header, whoever asks for what', async () => {
  const { url, key, host } = await startEdge({
    routes: [...changing, stream],
    sockets,
    allow: { origins: ['https://app.example'] },
  })
  for (const origin of ['http://evil.example', 'null', `http://${host}`, 'https://app.example'])
    for (const path of ['/v1/thing', '/v1/events', '/v1/me', '/v1/tickets', '/livez', '/health', '/none', '/v1/ws'])
      for (const method of ['GET', 'POST', 'OPTIONS', 'HEAD']) {
        const headers = {
          origin,
          'x-api-key': key,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-api-key',
        }
        const answer = await fetch(url + path, { method, headers })
        expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
        await answer.arrayBuffer()
      }
})
