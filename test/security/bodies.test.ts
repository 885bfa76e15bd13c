import { gzipSync } from 'node:zlib'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { parseJson } from '../../src/core/json.ts'
import type { Route } from '../../src/http/route.ts'
import { startEdge } from '../tools/edge.ts'
import { openRaw, readAll, sendRaw, statusOf } from '../tools/raw.ts'
import { trySocket } from '../tools/sockets.ts'
import { startProcess, type EdgeProcess } from './own-process.ts'

const mib = 1024 * 1024
const head = ({ host, key }: { host: string; key: string }, path: string, ...headers: readonly string[]): string =>
  `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Api-Key: ${key}\r\nContent-Type: application/json\r\n${headers.map((one) => `${one}\r\n`).join('')}\r\n`

/** Sends a chunked body for ever, as fast as it is taken, until the server ends it. */
const endless = async (edge: EdgeProcess, path: string): Promise<{ answer: string; sent: number }> => {
  const socket = await openRaw(edge.port)
  const answer = readAll(socket)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(head(edge, path, 'Transfer-Encoding: chunked'))
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'x'), Buffer.from('\r\n')])
  let sent = 0
  while (!socket.destroyed && sent < 10 * 1024 * mib) {
    sent += 65_536
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
  }
  return { answer: await answer, sent }
}

test.for(['/v1/json', '/v1/unread'])(
  '[S22] an endless body to %s is broken off and costs no memory',
  { timeout: 60_000 },
  async (path) => {
    const edge = await startProcess()
    await endless(edge, path)
    const before = await edge.look()
    const { answer, sent } = await endless(edge, path)
    expect(statusOf(answer)).toBe(path === '/v1/json' ? 413 : 200)
    expect(sent).toBeLessThan(10 * 1024 * mib)
    expect((await edge.look()).rss - before.rss).toBeLessThan(32 * mib)
  },
)

test('[S22] a body that says it is too large is not read, whoever reads it', async () => {
  const edge = await startEdge({
    routes: [{ method: 'POST', path: '/v1/unread', access: 'write', handle: (call) => call.send(200, {}) }],
  })
  for (const length of [mib + 1, 2 ** 40]) {
    const answer = await sendRaw(edge.port, `${head(edge, '/v1/unread', `Content-Length: ${length}`)}x`)
    expect(statusOf(answer)).toBe(413)
    expect(answer).toContain('"code":"payload_too_large"')
  }
})

test('[S22] a limit is a route’s own, to the byte, with and without a length', async () => {
  const small: Route = {
    method: 'POST',
    path: '/v1/small',
    access: 'write',
    limit: 10,
    handle: async (call) => call.send(200, { length: (await call.body()).length }),
  }
  const { url, key } = await startEdge({ routes: [small] })
  const post = async (body: string | ReadableStream): Promise<number> => {
    const init: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: { 'x-api-key': key },
      body,
      duplex: 'half',
    }
    return (await fetch(`${url}/v1/small`, init)).status
  }
  const stream = (text: string): ReadableStream => new Blob([text]).stream()
  expect([await post('x'.repeat(10)), await post('x'.repeat(11))]).toEqual([200, 413])
  expect([await post(stream('x'.repeat(10))), await post(stream('x'.repeat(11)))]).toEqual([200, 413])
})

test('[S22] compressed bodies are refused, bombs or not', async () => {
  const edge = await startProcess()
  const bomb = gzipSync(Buffer.alloc(64 * mib))
  const before = await edge.look()
  for (const [encoding, body] of [
    ['gzip', bomb],
    ['deflate', Buffer.from('x')],
    ['br', Buffer.from('x')],
    ['gzip, gzip', bomb],
  ] as const) {
    const headers = { 'x-api-key': edge.key, 'content-type': 'application/json', 'content-encoding': encoding }
    const answer = await fetch(`${edge.url}/v1/json`, { method: 'POST', headers, body })
    expect(answer.status).toBe(415)
    await answer.arrayBuffer()
  }
  expect((await edge.look()).rss - before.rss).toBeLessThan(32 * mib)
})

test('[S22] a wrong Content-Length: too short is nonsense behind it, too long is not waited for', async () => {
  const edge = await startProcess({ requestTimeout: 800, headersTimeout: 500, connectionsCheckingInterval: 100 })
  const body = '{"text":"x"}'
  const short = await sendRaw(edge.port, head(edge, '/v1/json', 'Content-Length: 5') + body)
  expect([...short.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])).not.toContain('200')
  expect(statusOf(short)).toBe(400)
  const long = await sendRaw(edge.port, head(edge, '/v1/json', 'Content-Length: 50') + body)
  expect(statusOf(long)).toBe(408)
  const exact = await sendRaw(
    edge.port,
    head(edge, '/v1/json', `Content-Length: ${body.length}`, 'Connection: close') + body,
  )
  expect(statusOf(exact)).toBe(200)
})

const nested = [
  '['.repeat(30_000),
  '{"a":'.repeat(30_000),
  `{"text":${'['.repeat(30_000)}`,
  `{"text":"x","more":${'[{"a":'.repeat(15_000)}`,
  '['.repeat(65),
]
test('[S23] deep nesting is refused, at once, and harms nothing', { timeout: 30_000 }, async () => {
  const edge = await startProcess()
  const tries: number[] = []
  for (let round = 0; round < 5; round++) {
    await edge.look()
    for (const text of nested) {
      const headers = { 'x-api-key': edge.key, 'content-type': 'application/json' }
      const answer = await fetch(`${edge.url}/v1/json`, { method: 'POST', headers, body: text })
      expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
        400,
        'invalid_json',
      ])
      const { socket } = await trySocket(`ws://${edge.host}/v1/ws`, { headers: { 'x-api-key': edge.key } })
      socket.send(text)
      const [code] = (await once(socket, 'close')) as [number]
      expect(code).toBe(text.length > 65_536 ? 1009 : 1007)
    }
    tries.push((await edge.look()).delay)
  }
  // Other work on the machine only ever adds.
  expect(Math.min(...tries)).toBeLessThan(50)
  expect(edge.alive()).toBe(true)
})

test('[S23] what may be nested may be, and brackets in strings do not count', () => {
  const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
  expect(() => parseJson(deep(64))).not.toThrow()
  expect(() => parseJson(deep(65))).toThrow(/nested/)
  for (const text of [
    JSON.stringify('['.repeat(1000)),
    JSON.stringify({ a: `\\"${'{'.repeat(1000)}` }),
    `[${'[],'.repeat(1000)}[]]`,
  ])
    expect(parseJson(text)).toEqual(JSON.parse(text))
})

test('[S24] prototype payloads are inert', async () => {
  const shape = z.object({ text: z.string(), any: z.unknown().optional() })
  const got: unknown[] = []
  const route: Route = {
    method: 'POST',
    path: '/v1/any',
    access: 'write',
    handle: async (call) => {
      const value = await call.json(shape)
      got.push(Object.assign({}, value, value.any))
      call.send(200, value)
    },
  }
  const { url, key } = await startEdge({ routes: [route] })
  const payloads = [
    '{"text":"x","__proto__":{"polluted":1}}',
    '{"text":"x","any":{"__proto__":{"polluted":1}}}',
    String.raw`{"text":"x","any":{"\u005f_proto__":{"polluted":1}}}`,
    String.raw`{"text":"x","any":{"__proto\u005f_":{"polluted":1}}}`,
    '{"text":"x","any":{"constructor":{"prototype":{"polluted":1}}}}',
    '{"text":"x","any":[{"a":{"__proto__":{"polluted":1}}}]}',
  ]
  for (const body of payloads) {
    const answer = await fetch(`${url}/v1/any`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body,
    })
    expect(answer.status).toBe(200)
    expect(await answer.text()).not.toContain('__proto__')
  }
  expect(got).toHaveLength(payloads.length)
  for (const value of got) expect((value as { polluted?: unknown }).polluted).toBeUndefined()
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

test('[S25] lone surrogates become replacement characters before anything is stored', () => {
  expect(parseJson(String.raw`{"a\ud800":["x\udc00y","\ud83d\ude00"]}`)).toEqual({ 'a\ufffd': ['x\ufffdy', '😀'] })
})

test('[S25] a body that is no UTF-8 is refused', async () => {
  const edge = await startEdge({
    routes: [
      {
        method: 'POST',
        path: '/v1/json',
        access: 'write',
        handle: async (call) => call.send(200, await call.json(z.unknown())),
      },
    ],
  })
  const body = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
  const headers = { 'x-api-key': edge.key, 'content-type': 'application/json' }
  const answer = await fetch(`${edge.url}/v1/json`, { method: 'POST', headers, body })
  expect([answer.status, await answer.json()]).toEqual([
    400,
    { error: expect.objectContaining({ code: 'invalid_json' }) },
  ])
})
