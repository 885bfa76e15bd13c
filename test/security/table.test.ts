import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemEnv } from '../../src/env.ts'
import type { Route } from '../../src/http/route.ts'
import { memoryStreams } from '../../src/journals/memory-streams.ts'
import { start, type Started } from '../tools/start.ts'
import { sendRaw, statusOf } from '../tools/raw.ts'
import { trySocket } from '../tools/sockets.ts'

// What is true of every row of the real route table, whoever adds one.

let server: Started
const lines: string[] = []
beforeAll(async () => {
  const { pino } = await import('pino')
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
  server = await start({ log, streams: memoryStreams({ env: systemEnv }), limits: { connectionsPerKey: 1000 } })
})
afterAll(() => server.stop())

const pathOf = (route: Route, value: string): string => route.path.replaceAll(/:\w+|\*\*/g, value)
const isRead = ({ method }: Route): boolean => method === 'GET' || method === 'HEAD'

describe('[S6] without a credential', () => {
  test('every row but the public ones says 401, and the public ones are these', async () => {
    const open = server.server.routes
      .filter((route) => route.access === 'public')
      .map((route) => `${route.method} ${route.path}`)
    expect(open).toEqual(['GET /livez', 'GET /readyz', 'GET /health', 'GET /api/health'])
    for (const route of server.server.routes.filter((one) => one.access !== 'public')) {
      const answer = await fetch(server.url + pathOf(route, 'x'), { method: route.method })
      expect([route.method, route.path, answer.status]).toEqual([route.method, route.path, 401])
      await answer.arrayBuffer()
    }
  })
})

describe('[S2] a foreign page', () => {
  test('reaches no row that is not a public read, with a key and without a preflight', async () => {
    for (const route of server.server.routes.filter((one) => one.access !== 'public' || !isRead(one)))
      for (const mark of [{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
        const headers = { 'x-api-key': server.key, 'content-type': 'text/plain', ...(mark as Record<string, string>) }
        const answer = await fetch(server.url + pathOf(route, 'x'), { method: route.method, headers })
        expect([route.method, route.path, mark, answer.status]).toEqual([route.method, route.path, mark, 403])
        expect(answer.headers.get('access-control-allow-origin')).toBeNull()
        await answer.arrayBuffer()
      }
  })
})

describe('[S1] every socket path', () => {
  test('opens for our own origin and no other', async () => {
    expect(server.server.sockets.length).toBeGreaterThan(0)
    for (const { path } of server.server.sockets) {
      const target = `${server.url.replace('http', 'ws')}${path.replaceAll(/:\w+/g, 'x')}`
      const attempt = async (origin: string): Promise<number> =>
        (await trySocket(target, { headers: { 'x-api-key': server.key, origin } })).status
      for (const origin of [
        'http://evil.example',
        'null',
        `${server.url}.evil.example`,
        server.url.replace('http', 'https'),
      ])
        expect([path, origin, await attempt(origin)]).toEqual([path, origin, 403])
      expect([path, await attempt(server.url)]).toEqual([path, 101])
      expect([path, (await fetch(server.url + path)).status]).toEqual([path, 426])
    }
  })
})

const bodies: Readonly<Record<string, string | undefined>> = {
  none: undefined,
  null: 'null',
  list: '[]',
  text: '""',
  number: '1e999',
  empty: '{}',
  'wrong types': '{"id":{},"type":[],"data":"x","title":[],"path":{},"text":1,"agent":null,"model":{}}',
  prototype: '{"__proto__":{"a":1},"constructor":{"prototype":{}},"type":"__proto__","id":"constructor"}',
  deep: `{"data":${'['.repeat(100)}${']'.repeat(100)}}`,
  broken: '{"a":',
  huge: `"${'x'.repeat(2 * 1024 * 1024)}"`,
  'not UTF-8': '\ud800',
}
const values = [
  'x',
  '__proto__',
  'constructor',
  '%F0%9F',
  '..%2F..%2Fetc',
  '%00',
  'a'.repeat(2000),
  '%20',
  '-1',
  '%E2%80%AE',
  "'%20or%201=1--",
]

describe('[S33] whatever is sent', () => {
  test('no row answers 500, and the process lives', { timeout: 60_000 }, async () => {
    for (const route of server.server.routes)
      for (const value of values)
        for (const [name, body] of Object.entries(isRead(route) ? { none: undefined } : bodies))
          for (const type of body === undefined ? [undefined] : ['application/json', 'text/plain']) {
            const headers = { 'x-api-key': server.key, ...(type !== undefined && { 'content-type': type }) }
            const answer = await fetch(`${server.url}${pathOf(route, value)}`, {
              method: route.method,
              headers,
              ...(body !== undefined && { body }),
            })
            const what = [route.method, pathOf(route, value).slice(0, 80), name, type, answer.status]
            expect([...what, answer.status < 500]).toEqual([...what, true])
            await answer.arrayBuffer()
          }
    expect(lines).toEqual([])
    expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  })

  test('odd queries and headers neither', async () => {
    const queries = [
      '?offset',
      '?offset=x&offset=y',
      '?offset=__proto__',
      '?limit=-1',
      '?limit=1e9',
      '?before=.',
      '?live=%00',
      '?q=%22',
      '?cursor=%ff',
      '?&&&=',
      `?${'a'.repeat(4000)}`,
    ]
    const odd = [
      'Accept: ',
      'Range: bytes=0-',
      'If-None-Match: "',
      'Last-Event-ID: ;;',
      'Idempotency-Key: ',
      'Expect: nothing',
      'Content-Type: \x01',
      'Accept: text/event-stream',
    ]
    for (const route of server.server.routes.filter(isRead))
      for (const query of queries) {
        const lines = `Host: localhost\r\nX-Api-Key: ${server.key}\r\nConnection: close\r\n`
        const answer = await sendRaw(
          server.port,
          `${route.method} ${pathOf(route, 'x')}${query} HTTP/1.1\r\n${lines}\r\n`,
        )
        expect([route.path, query, statusOf(answer) < 500 && statusOf(answer) > 0]).toEqual([route.path, query, true])
      }
    for (const route of server.server.routes)
      for (const header of odd) {
        const lines = `Host: localhost\r\nX-Api-Key: ${server.key}\r\nConnection: close\r\n${header}\r\n`
        const answer = await sendRaw(
          server.port,
          Buffer.from(`${route.method} ${pathOf(route, 'x')} HTTP/1.1\r\n${lines}\r\n`, 'latin1'),
        )
        expect([route.path, header, statusOf(answer) < 500 && statusOf(answer) > 0]).toEqual([route.path, header, true])
      }
    expect(lines).toEqual([])
  })
})
