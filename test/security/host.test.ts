import { expect, test } from 'vitest'
import type { Route } from '../../src/http/route.ts'
import { startEdge } from '../tools/edge.ts'
import { openRaw, readAll, sendRaw, statusOf } from '../tools/raw.ts'

const seen: string[] = []
const routes: readonly Route[] = [
  { method: 'GET', path: '/v1/secret', access: 'admin', handle: (call) => call.send(200, { secret: true }) },
  { method: 'GET', path: '/open/**', access: 'public', handle: (call) => call.send(200, { path: call.url.pathname }) },
  {
    method: 'POST',
    path: '/v1/body',
    access: 'public',
    handle: async (call) => {
      const body = await call.body()
      seen.push(body.toString())
      call.send(200, { length: body.length })
    },
  },
]

test('[S3] only hosts on the list are answered', async () => {
  const { port, host, lines } = await startEdge({ routes, allow: { hosts: ['holdfast.example', 'other.example:81'] } })
  const ask = async (...hosts: readonly string[]): Promise<number> => {
    const all = hosts.map((one) => `Host: ${one}\r\n`).join('')
    return statusOf(await sendRaw(port, `GET /livez HTTP/1.1\r\n${all}Connection: close\r\n\r\n`))
  }
  const table: readonly (readonly [number, ...string[]])[] = [
    [200, host],
    [200, `localhost:${port}`],
    [200, 'LOCALHOST'],
    [200, '[::1]:9999'],
    [200, 'holdfast.example'],
    [200, 'holdfast.example:443'],
    [200, 'other.example:81'],
    [421, 'other.example'],
    [421, 'other.example:82'],
    [421, 'evil.example'],
    [421, '127.0.0.1.nip.io'],
    [421, `127.0.0.1.nip.io:${port}`],
    [421, 'localhost.'],
    [421, 'localhost.evil.example'],
    [421, '127.1'],
    [421, '2130706433'],
    [421, '0.0.0.0'],
    [421, '[::]'],
    [421, 'sub.holdfast.example'],
    [400, ''],
    [400, 'x/?'],
    [400, 'x/#'],
    [400, 'localhost/'],
    [400, 'localhost#'],
    [400, 'evil@localhost'],
    [400, 'localhost:port'],
    [400, 'localhost localhost'],
    [400, 'localhost,evil.example'],
    [400, '[::1'],
    [400, 'localhost', 'evil.example'],
    [400, 'evil.example', 'localhost'],
    [400, 'localhost', 'localhost'],
    [400],
  ]
  for (const [status, ...hosts] of table) expect([hosts, await ask(...hosts)]).toEqual([hosts, status])
  expect(lines()).not.toContain('"level":50')
})

test('[S3] what is authorised is what the raw path says, whatever the Host looks like', async () => {
  const { port, host } = await startEdge({ routes })
  const get = (target: string, name: string): Promise<string> =>
    sendRaw(port, `GET ${target} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)
  for (const name of [`${host}/open/?`, `${host}/open/#`, `${host}/open`])
    expect(statusOf(await get('/v1/secret', name))).toBe(400)
  expect(statusOf(await get('/v1/secret', host))).toBe(401)
})

test('[S35] a target that another parser could read differently is refused', async () => {
  const { port, host } = await startEdge({ routes })
  const get = (target: string): Promise<string> =>
    sendRaw(port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  const table: readonly (readonly [string, number])[] = [
    ['/open/a/../../v1/secret', 400],
    ['/open/./v1/secret', 400],
    ['/open/%2e%2e/v1/secret', 400],
    ['/open/%2E%2E/v1/secret', 400],
    [String.raw`/open/\..\v1\secret`, 400],
    ['/open/a%00b', 400],
    ['/open/%ff', 400],
    ['/open/a#b', 400],
    ['/open/%2e%2e%2fv1', 200],
    ['//evil.example/v1/secret', 404],
    ['/__proto__', 404],
    ['/constructor', 404],
    ['/v1/__proto__/x', 404],
    ['*', 400],
    ['evil.example:443', 400],
    ['http://evil.example/livez', 400],
    [`http://${host}@evil.example/livez`, 400],
    [`ftp://${host}/livez`, 400],
    [`http://${host}/livez`, 200],
    [`HTTP://${host}/v1/secret`, 401],
    ['/v1/secret?x=../open', 401],
    ['/V1/secret', 404],
  ]
  for (const [target, status] of table) expect([target, statusOf(await get(target))]).toEqual([target, status])
})

test('[S35] twenty ways to say two things at once: refused, closed, and nothing smuggled', async () => {
  const { port, host, lines } = await startEdge({ routes })
  const smuggled = `GET /v1/secret HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const head = (lines: readonly string[], body: string): string =>
    `POST /v1/body HTTP/1.1\r\nHost: ${host}\r\n${lines.join('\r\n')}\r\n\r\n${body}`
  const bad: readonly string[] = [
    head(['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`),
    head(['Transfer-Encoding: chunked', 'Content-Length: 6'], `0\r\n\r\n${smuggled}`),
    head(['Content-Length: 0', 'Content-Length: 44'], smuggled),
    head(['Content-Length: 5', 'Content-Length: 5'], 'hello'),
    head(['Content-Length: 5, 5'], 'hello'),
    head(['Content-Length: +5'], 'hello'),
    head(['Content-Length: -1'], ''),
    head(['Content-Length: 0x5'], 'hello'),
    head(['Content-Length: 5 5'], 'hello'),
    head(['Content-Length: 99999999999999999999999'], 'hello'),
    head(['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'),
    head(['Transfer-Encoding: xchunked'], '0\r\n\r\n'),
    head(['Transfer-Encoding : chunked'], '0\r\n\r\n'),
    head([' Transfer-Encoding: chunked'], '0\r\n\r\n'),
    head(['Transfer-Encoding: chunked'], `-1\r\n\r\n${smuggled}`),
    head(['Transfer-Encoding: chunked'], `5;\nx\r\nhello\r\n0\r\n\r\n`),
    head(['X: a\rTransfer-Encoding: chunked', 'Content-Length: 5'], 'hello'),
    head(['X: a\0b', 'Content-Length: 0'], ''),
    `POST /v1/body HTTP/1.1\nHost: ${host}\nContent-Length: 5\n\nhello`.replace('HTTP/1.1', 'HTTP/1.2'),
    `GET /livez HTTP/9.9\r\nHost: ${host}\r\n\r\n`,
    `GET\t/livez HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ]
  for (const text of bad) {
    const answer = await sendRaw(port, Buffer.from(text, 'latin1'))
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]))
    expect([text, statuses.filter((status) => status !== 400)]).toEqual([text, []])
    expect(answer).not.toContain('secret":true')
  }
  expect(seen.filter((body) => body !== '')).toEqual([])
  expect(lines()).not.toContain('"level":50')
})

test('[S35] a request after another on one connection gets its own answer, and nonsense after it gets none', async () => {
  const { port, host } = await startEdge({ routes })
  const socket = await openRaw(port)
  const answer = readAll(socket)
  socket.write(
    `GET /open/1 HTTP/1.1\r\nHost: ${host}\r\n\r\nGET /open/2 HTTP/1.1\r\nHost: ${host}\r\n\r\nnonsense\r\n\r\n`,
  )
  const text = await answer
  const bodies = [...text.matchAll(/\{"path":"([^"]+)"\}/g)].map((match) => match[1])
  expect(['/open/1,/open/2', '/open/1', '']).toContain(bodies.join(','))
  expect(text.split('HTTP/1.1 ').length - 1).toBeLessThanOrEqual(3)
})
