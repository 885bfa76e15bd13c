import { DurableStream, IdempotentProducer } from '@durable-streams/client'
import { connect } from 'node:net'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { until } from './tools/until.ts'
import { controlsOf, dataOf, readSse, startStreams } from './streams/world.ts'

const next = (answer: Response): string => answer.headers.get('stream-next-offset') ?? ''
const codeIn = async (answer: Response): Promise<unknown> =>
  ((await answer.json()) as { error?: { code?: string } }).error?.code

test('[D3] an offset of a stream that was deleted is not taken for one of its successor', async () => {
  const { send, url } = await startStreams()
  await send('PUT', 'a')
  const old = next(await send('POST', 'a', 'old text'))
  await send('DELETE', 'a')
  await send('PUT', 'a')
  await send('POST', 'a', 'a new, longer text')
  for (const live of ['', '&live=sse', '&live=long-poll']) {
    const answer = await fetch(`${url('a')}?offset=${old}${live}`)
    expect([answer.status, await codeIn(answer)]).toEqual([409, 'cursor_diverged'])
  }
})

test('a live reader of a stream that is deleted is sent away, and hears 404 when it comes back', async () => {
  const { send, url, watched } = await startStreams()
  await send('PUT', 'a')
  const sse = await readSse(`${url('a')}?offset=-1&live=sse`)
  const poll = fetch(`${url('a')}?offset=now&live=long-poll`)
  await until(() => watched() === 2)
  await send('DELETE', 'a')
  await sse.done
  expect((await poll).status).toBe(404)
  expect((await fetch(`${url('a')}?offset=-1&live=sse`)).status).toBe(404)
  expect(watched()).toBe(0)
})

test('[D7] text is never cut inside a character, however it was written', async () => {
  const { send, url } = await startStreams()
  await send('PUT', 'a')
  const all = new TextEncoder().encode('é€😀x'.repeat(30))
  for (const byte of all) await send('POST', 'a', Uint8Array.of(byte))
  await send('POST', 'a', Uint8Array.of(0xf0, 0x9f), { 'stream-closed': 'true' })
  const sse = await readSse(`${url('a')}?offset=-1&live=sse`)
  await sse.done
  expect(dataOf(sse.messages).join('')).toBe(`${'é€😀x'.repeat(30)}�`)
  const live = await startStreams()
  await live.send('PUT', 'a')
  const reader = await readSse(`${live.url('a')}?offset=-1&live=sse`, (got) => dataOf(got).length === 2)
  for (const part of [all.subarray(0, 1), all.subarray(1, 3), all.subarray(3, 5)])
    await live.send('POST', 'a', part.slice())
  await reader.done
  expect(dataOf(reader.messages).join('')).toBe('é€')
  const bytes = new Uint8Array(await (await fetch(url('a'))).arrayBuffer())
  expect(bytes, 'a catch-up read has the very bytes').toEqual(Uint8Array.of(...all, 0xf0, 0x9f))
})

test('[D8] Last-Event-ID takes a raw stream up where an event ended: nothing is missed or doubled', async () => {
  const { send, url } = await startStreams()
  await send('PUT', 'a')
  for (const word of ['one', 'two', 'three']) await send('POST', 'a', word)
  const first = await readSse(`${url('a')}?offset=-1&live=sse`, (got) => got.length > 0)
  await first.done
  await send('POST', 'a', 'four', { 'stream-closed': 'true' })
  const id = first.messages[0]?.id ?? ''
  const second = await readSse(`${url('a')}?offset=-1&live=sse`, undefined, { 'last-event-id': id })
  await second.done
  expect([...dataOf(first.messages).slice(0, 1), ...dataOf(second.messages)].join('')).toBe('onetwothreefour')
})

test('[D7] what is large comes in events of at most 64 KiB, and whole', async () => {
  const { send, url } = await startStreams()
  const text = 'abcdefghij'.repeat(100_000)
  await send('PUT', 'text', text, { 'stream-closed': 'true' })
  const items = Array.from({ length: 3000 }, (_, i) => ({ i, text: 'x'.repeat(200) }))
  await send('PUT', 'json', JSON.stringify(items), { 'content-type': 'application/json', 'stream-closed': 'true' })
  for (const [path, join] of [
    ['text', (data: readonly string[]) => data.join('')],
    ['json', (data: readonly string[]) => JSON.stringify(data.flatMap((one) => JSON.parse(one) as unknown[]))],
  ] as const) {
    const sse = await readSse(`${url(path)}?offset=-1&live=sse`)
    await sse.done
    expect(Math.max(...sse.messages.map(({ data }) => data.length))).toBeLessThan(64 * 1024 - 100)
    expect(join(dataOf(sse.messages))).toBe(path === 'text' ? text : JSON.stringify(items))
    expect(controlsOf(sse.messages).filter(({ upToDate }) => upToDate)).toHaveLength(1)
    const half = controlsOf(sse.messages)[3]?.streamNextOffset ?? ''
    const rest = await (await fetch(`${url(path)}?offset=${half}`)).text()
    expect(rest.length).toBeGreaterThan(0)
  }
})

test('JSON messages are kept to the letter', async () => {
  const { send, url } = await startStreams()
  const json = { 'content-type': 'application/json' }
  await send('PUT', 'a', undefined, json)
  await send('POST', 'a', '[12345678901234567890, 1.0,{"a" : 1, "a":2}]', json)
  await send('POST', 'a', '"\\ud800, [\\"]"', json)
  expect(await (await fetch(url('a'))).text()).toBe('[12345678901234567890, 1.0,{"a" : 1, "a":2},"\\ud800, [\\"]"]')
})

test('fault 15: a slow reader costs nothing but its place, and gets everything when it goes on', async () => {
  const { edge, key, send, url, watched } = await startStreams()
  await send('PUT', 'a')
  const megabyte = 'm'.repeat(1_000_000)
  const { port } = new URL(edge)
  const socket = connect(Number(port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write(`GET /v1/streams/a?offset=-1&live=sse HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-api-key: ${key}\r\n\r\n`)
  await once(socket, 'readable')
  socket.pause()
  for (let i = 0; i < 30; i++) await send('POST', 'a', megabyte)
  await send('POST', 'a', undefined, { 'stream-closed': 'true' })
  const fast = await fetch(url('a'))
  expect(fast.status, 'others are served meanwhile').toBe(200)
  let count = 0
  socket.on('data', (part: Buffer) => {
    for (const byte of part) if (byte === 0x6d) count++
  })
  socket.resume()
  await until(() => watched() === 0)
  await until(() => count >= 30_000_000)
  // The letter is in the names of fields too.
  expect(count).toBeLessThan(30_000_000 + 10_000)
}, 20_000)

test('fault 15: a reader that takes nothing for too long is dropped', async () => {
  const { edge, key, send, watched } = await startStreams({ stallMs: 100 })
  await send('PUT', 'a')
  for (let i = 0; i < 20; i++) await send('POST', 'a', 'm'.repeat(1_000_000))
  const { port } = new URL(edge)
  const socket = connect(Number(port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.pause()
  socket.write(`GET /v1/streams/a?offset=-1&live=sse HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-api-key: ${key}\r\n\r\n`)
  await until(() => watched() === 1)
  await until(() => watched() === 0)
  const [cut] = await once(socket.resume(), 'close')
  expect([cut, socket.bytesRead < 20_000_000]).toEqual([expect.anything(), true])
})

test('readers that go away are forgotten at once', async () => {
  const { send, url, watched } = await startStreams()
  await send('PUT', 'a')
  const stop = new AbortController()
  const going = Array.from({ length: 30 }, (_, i) =>
    fetch(`${url('a')}?offset=now&live=${i % 2 === 0 ? 'sse' : 'long-poll'}`, { signal: stop.signal }).then(
      (answer) => answer.text(),
      () => '',
    ),
  )
  await until(() => watched() === 30)
  stop.abort()
  await Promise.allSettled(going)
  await until(() => watched() === 0)
  expect(await (await send('POST', 'a', 'x')).text()).toBe('')
})

test('the public client writes exactly once with its idempotent producer, and reads it all', async () => {
  const { url } = await startStreams()
  const stream = await DurableStream.create({ url: url('a'), contentType: 'application/json' })
  const producer = new IdempotentProducer(stream, 'p', { maxInFlight: 5, maxBatchBytes: 200 })
  for (let i = 0; i < 300; i++) producer.append(JSON.stringify({ i }))
  await producer.flush()
  await producer.close()
  const read = await stream.stream<{ i: number }>({ live: false })
  expect((await read.json()).map(({ i }) => i)).toEqual(Array.from({ length: 300 }, (_, i) => i))
})

test('bad input has a typed answer, and changes nothing', async () => {
  const { send, url } = await startStreams({ limit: 1000 })
  await send('PUT', 'a', 'x')
  const json = { 'content-type': 'application/json' }
  await send('PUT', 'j', '[1]', json)
  const producer = { 'producer-id': 'p', 'producer-epoch': '0', 'producer-seq': '0' }
  const cases: readonly (readonly [
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
    status: number,
    code: string,
  ])[] = [
    ['GET', 'none', undefined, {}, 404, 'not_found'],
    ['GET', 'a?offset=0', undefined, {}, 400, 'cursor_invalid'],
    ['GET', `a?offset=${'9'.repeat(16)}_${'9'.repeat(16)}`, undefined, {}, 409, 'cursor_diverged'],
    ['GET', 'a?live=sse', undefined, {}, 400, 'invalid_request'],
    ['GET', 'a?offset=-1&live=ws', undefined, {}, 400, 'invalid_request'],
    ['GET', 'a?offset=-1', undefined, { 'last-event-id': 'x' }, 400, 'cursor_invalid'],
    ['POST', 'a', undefined, {}, 400, 'invalid_request'],
    ['POST', 'a', 'x'.repeat(1001), {}, 413, 'payload_too_large'],
    ['POST', 'a', '{}', json, 409, 'conflict'],
    ['POST', 'none', 'x', {}, 404, 'not_found'],
    ['POST', 'j', '{', json, 400, 'invalid_json'],
    ['POST', 'j', '[]', json, 400, 'invalid_request'],
    ['POST', 'j', '1]', json, 400, 'invalid_json'],
    ['POST', 'j', '[1,2],[3]', json, 400, 'invalid_json'],
    ['POST', 'j', '['.repeat(500) + ']'.repeat(500), json, 400, 'invalid_json'],
    ['POST', 'a', 'x', { 'producer-id': 'p' }, 400, 'invalid_request'],
    ['POST', 'a', 'x', { ...producer, 'producer-id': '' }, 400, 'invalid_request'],
    ['POST', 'a', 'x', { ...producer, 'producer-id': 'p'.repeat(257) }, 400, 'invalid_request'],
    ['POST', 'a', 'x', { ...producer, 'producer-seq': '-1' }, 400, 'invalid_request'],
    ['POST', 'a', 'x', { ...producer, 'producer-epoch': '9007199254740993' }, 400, 'invalid_request'],
    ['POST', 'a', 'x', { ...producer, 'producer-seq': '1' }, 409, 'producer_gap'],
    ['PUT', 'b', undefined, { 'stream-ttl': '01' }, 400, 'invalid_request'],
    ['PUT', 'b', undefined, { 'stream-ttl': '1', 'stream-expires-at': '2030-01-01T00:00:00Z' }, 400, 'invalid_request'],
    ['PUT', 'b', undefined, { 'stream-expires-at': 'tomorrow' }, 400, 'invalid_request'],
    ['PUT', 'b', undefined, { 'content-type': 'nonsense' }, 400, 'invalid_request'],
    ['PUT', 'a', undefined, json, 409, 'conflict'],
    ['PUT', 'b', undefined, { 'stream-forked-from': '/v1/streams/none' }, 404, 'not_found'],
    [
      'PUT',
      'b',
      undefined,
      { 'stream-forked-from': '/v1/streams/a', 'stream-fork-offset': '5' },
      400,
      'cursor_invalid',
    ],
    ['PUT', 'b', undefined, { 'stream-fork-offset': `${'0'.repeat(16)}_${'0'.repeat(16)}` }, 400, 'invalid_request'],
    ['PUT', 'b//c', undefined, {}, 400, 'invalid_request'],
    ['PUT', 'b%2Fc', undefined, {}, 400, 'invalid_request'],
    ['PUT', 'b%5Cc', undefined, {}, 400, 'invalid_request'],
    ['PUT', 'b%0Ac', undefined, {}, 400, 'invalid_request'],
    ['PUT', 'b%FFc', undefined, {}, 400, 'invalid_request'],
    ['PUT', 'b'.repeat(1001), undefined, {}, 400, 'invalid_request'],
    ['PUT', '__ds/subscriptions/s', undefined, {}, 404, 'not_found'],
    ['PATCH', 'a', 'x', {}, 405, 'method_not_allowed'],
    ['DELETE', 'none', undefined, {}, 404, 'not_found'],
  ]
  for (const [method, path, body, headers, status, code] of cases) {
    const answer = await send(method, path, body, headers)
    expect([method, path.slice(0, 40), answer.status, await codeIn(answer)]).toEqual([
      method,
      path.slice(0, 40),
      status,
      code,
    ])
  }
  expect([await (await fetch(url('a'))).text(), await (await fetch(url('j'))).text()]).toEqual(['x', '[1]'])
  expect((await fetch(url('b'))).status).toBe(404)
})

test('two spellings of one path are one stream', async () => {
  const { send, url } = await startStreams()
  await send('PUT', 'caf%C3%A9/%61', 'x')
  expect(await (await fetch(url('caf%c3%a9/a'))).text()).toBe('x')
})

test('a page in a stream is not run in our name', async () => {
  const { send, url } = await startStreams()
  await send('PUT', 'a', '<script>alert(1)</script>', { 'content-type': 'text/html' })
  const answer = await fetch(url('a'))
  expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/)
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
})
