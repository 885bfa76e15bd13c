import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { healthRoutes } from '../src/http/health.ts'
import type { Route } from '../src/http/route.ts'
import { startEdge } from './tools/edge.ts'
import { turnableEnv } from './tools/env.ts'
import { openRaw, readAll, statusOf } from './tools/raw.ts'
import { trySocket } from './tools/sockets.ts'
import { until } from './tools/until.ts'

test('liveness does not depend on readiness, and readiness says why not', async () => {
  let state: { ok: boolean; reason?: string } = { ok: true }
  const env = turnableEnv()
  const edge = await startEdge({
    routes: healthRoutes({ ready: () => state, version: '1.2.3', env }).map((route) => ({
      ...route,
      path: `/now${route.path}`,
    })),
  })
  const get = async (path: string) => {
    const answer = await fetch(`${edge.url}/now${path}`)
    return [answer.status, await answer.json()]
  }
  expect(await get('/readyz')).toEqual([200, { ok: true }])
  expect(await get('/health')).toEqual([
    200,
    {
      ok: true,
      status: 'healthy',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      version: '1.2.3',
      uptime_seconds: 0,
    },
  ])
  state = { ok: false, reason: 'The server is stopping' }
  expect(await get('/readyz')).toEqual([503, { ok: false, reason: 'The server is stopping' }])
  expect(await get('/api/health')).toEqual([503, expect.objectContaining({ status: 'unavailable' })])
  expect(await get('/livez')).toEqual([200, { ok: true }])
})

test('closing lets what runs end, takes nothing new, and breaks off what does not end', async () => {
  const started: (() => void)[] = []
  const slow: Route = {
    method: 'GET',
    path: '/slow',
    access: 'public',
    handle: (call) => new Promise((resolve) => started.push(() => resolve(call.send(200, { done: true })))),
  }
  const endless: Route = { method: 'GET', path: '/endless', access: 'public', handle: ({ res }) => void res.write('x') }
  const { edge, url, port, host } = await startEdge({
    routes: [slow, endless],
    sockets: [{ path: '/v1/ws', open: () => {} }],
  })
  const answer = fetch(`${url}/slow`)
  const forever = await openRaw(port)
  forever.write(`GET /endless HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  await once(forever, 'data')
  const cut = readAll(forever)
  const { socket } = await trySocket(`ws://${host}/v1/ws`)
  const idle = await openRaw(port)
  await until(() => started.length === 1, 'the slow request being there')
  const closed = edge.close(300)
  await expect(fetch(`${url}/livez`)).rejects.toThrow(TypeError)
  started[0]?.()
  expect(await (await answer).json()).toEqual({ done: true })
  await closed
  await cut
  await until(() => socket.readyState === 3 && idle.closed, 'everything being closed')
})

test('a port that is taken is told as it is', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const address = other.address()
  const { edge } = await startEdge()
  await edge.close(0)
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await expect(edge.listen('127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('other upgrades than WebSocket are not taken up: the request is answered as it is', async () => {
  const { port, host } = await startEdge()
  const socket = await openRaw(port)
  const answer = readAll(socket, (text) => text.includes('{"ok":true}'))
  socket.write(
    `GET /livez HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
  )
  expect(statusOf(await answer)).toBe(200)
})
