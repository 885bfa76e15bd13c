import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Route } from '../src/http/route.ts'
import type { SocketRoute } from '../src/http/socket-route.ts'
import { startEdge } from './tools/edge.ts'
import { trySocket } from './tools/sockets.ts'

const echo: Route = {
  method: 'POST',
  path: '/v1/echo/:name',
  access: 'write',
  handle: async (call) => call.send(200, { ...call.params, ...(await call.json(z.object({ text: z.string() }))) }),
}
const socket: SocketRoute = { path: '/v1/ws', open: ({ socket, principal }) => socket.send(principal?.id ?? 'nobody') }

test('a request with a key reaches its handler, and the answer has the headers of every answer', async () => {
  const { url, key } = await startEdge({ routes: [echo] })
  const answer = await fetch(`${url}/v1/echo/a%20b`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"text":"hi"}',
  })
  expect([answer.status, await answer.json()]).toEqual([200, { name: 'a b', text: 'hi' }])
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
  expect(answer.headers.get('x-request-id')).toMatch(/^[\da-f]{32}$/)
  expect(answer.headers.get('server')).toBeNull()
  expect(answer.headers.get('x-powered-by')).toBeNull()
})

test('errors are one envelope', async () => {
  const { url, key } = await startEdge({ routes: [echo] })
  const post = (body: string, type = 'application/json') =>
    fetch(`${url}/v1/echo/a`, { method: 'POST', headers: { 'x-api-key': key, 'content-type': type }, body })
  const wrong = await post('{"text":1}')
  expect([wrong.status, await wrong.json()]).toEqual([
    400,
    {
      error: {
        code: 'invalid_request',
        message: expect.any(String),
        status: 400,
        type: 'invalid_request_error',
        retryable: false,
        param: 'text',
        request_id: wrong.headers.get('x-request-id'),
      },
    },
  ])
  const cases = [
    [await post('{"text":'), 400, 'invalid_json', 'invalid_request_error'],
    [await post('text=1', 'application/x-www-form-urlencoded'), 415, 'unsupported_media_type', 'invalid_request_error'],
    [await fetch(`${url}/v1/echo/a`, { method: 'POST' }), 401, 'unauthorized', 'authentication_error'],
    [await fetch(`${url}/v1/none`), 404, 'not_found', 'not_found_error'],
    [await fetch(`${url}/v1/echo/a`, { method: 'PUT' }), 405, 'method_not_allowed', 'invalid_request_error'],
  ] as const
  for (const [answer, status, code, type] of cases) {
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ error: { code, type, status } })
  }
  expect(cases[4][0].headers.get('allow')).toBe('POST')
})

test('a thrown bug is a 500 that tells nothing, and its log line has the stack and the request id', async () => {
  const broken: Route = {
    method: 'GET',
    path: '/v1/broken',
    access: 'read',
    handle: () => {
      throw new Error('the inside')
    },
  }
  const { url, key, lines } = await startEdge({ routes: [broken] })
  const answer = await fetch(`${url}/v1/broken`, { headers: { 'x-api-key': key } })
  const text = await answer.text()
  expect(answer.status).toBe(500)
  expect(text).not.toContain('inside')
  const line = lines()
    .split('\n')
    .find((one) => one.includes('the inside'))
  expect(line).toContain(answer.headers.get('x-request-id'))
  expect(line).toContain('http.edge.test.ts')
})

test('a socket opens with a key, and without one it is handed over as nobody', async () => {
  const { host, key } = await startEdge({ sockets: [socket] })
  const said = async (headers: Record<string, string>) => {
    const { socket, next } = await trySocket(`ws://${host}/v1/ws`, { headers, offer: ['holdfast.v1'] })
    expect(socket.protocol).toBe('holdfast.v1')
    return next()
  }
  expect(await said({ 'x-api-key': key })).toBe('user:owner')
  expect(await said({})).toBe('nobody')
})

test('a GET on a socket path without an upgrade is 426', async () => {
  const { url } = await startEdge({ sockets: [socket] })
  const answer = await fetch(`${url}/v1/ws`)
  expect(answer.status).toBe(426)
  expect(answer.headers.get('upgrade')).toBe('websocket')
})
