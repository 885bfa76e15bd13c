import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLogger, redact, redactTarget } from '../../src/http/log.ts'
import type { Route } from '../../src/http/route.ts'
import { startEdge } from '../tools/edge.ts'
import { openRaw, readAll, sendRaw } from '../tools/raw.ts'
import { trySocket } from '../tools/sockets.ts'

/** Every way in which a handler may go wrong with what it was given. */
const faults: Readonly<Record<string, (secret: string) => unknown>> = {
  message: (secret) => {
    throw new Error(`cannot use ${secret}`)
  },
  url: (secret) => new URL(`not a url ${secret}`),
  cause: (secret) => {
    throw new Error('outer', { cause: new Error('inner', { cause: new TypeError(`for Bearer ${secret}`) }) })
  },
  text: (secret) => {
    // A library may throw anything.
    // oxlint-disable-next-line no-throw-literal
    throw `failed with ${secret}`
  },
  property: (secret) => {
    throw Object.assign(new Error('refused'), {
      headers: { authorization: secret },
      config: { token: secret },
      input: secret,
    })
  },
  parse: (secret) => JSON.parse(`{"key": ${secret}`) as unknown,
}

test('[S11] no credential reaches the log or an answer, on any route and in any failure', async () => {
  const routes: readonly Route[] = Object.entries(faults).map(([name, fault]) => ({
    method: 'POST',
    path: `/v1/fault/${name}`,
    access: 'read',
    handle: (call) => {
      const shown = call.req.headers.authorization ?? String(call.req.headers['x-api-key'])
      call.log.info(
        {
          headers: call.req.headers,
          token: shown,
          nested: { key: shown, headers: call.req.headers },
          url: call.req.url,
        },
        `with ${shown}`,
      )
      fault(shown.replace('Bearer ', ''))
    },
  }))
  const running = await startEdge({
    routes,
    sockets: [
      {
        path: '/v1/ws',
        open: ({ req, log, socket }) => {
          log.info({ url: req.url, headers: req.headers }, 'opening')
          socket.on('message', () => {})
          throw new Error(`broken by ${req.url}`)
        },
      },
    ],
  })
  const { url, host, port, key, identity, lines } = running
  const made = identity.createKey({ name: 'second' })
  const session = identity.openBrowser(made.id).token
  const ticket = async (): Promise<string> => {
    const answer = await fetch(`${url}/v1/tickets`, { method: 'POST', headers: { 'x-api-key': key } })
    return ((await answer.json()) as { ticket: string }).ticket
  }
  const tickets = [await ticket(), await ticket(), await ticket()]
  const secrets = [key, made.key, session, ...tickets]
  const said: string[] = []
  const paths = [
    ...Object.keys(faults).map((name) => `/v1/fault/${name}`),
    '/v1/me',
    '/v1/tickets',
    '/livez',
    '/none',
    '/v1/ws',
  ]
  for (const secret of secrets)
    for (const path of paths)
      for (const method of ['GET', 'POST', 'DELETE']) {
        const carriers: Record<string, string>[] = [
          { authorization: `Bearer ${secret}` },
          { 'x-api-key': secret },
          { cookie: `holdfast-${port}=${secret}`, origin: url },
          { origin: `http://${secret}.example` },
        ]
        for (const headers of carriers) said.push(await (await fetch(url + path, { method, headers })).text())
        for (const name of ['ticket', 'token', 'key', 'Ticket', 'other'])
          said.push(await (await fetch(`${url}${path}?${name}=${secret}&live=1`, { method })).text())
        said.push(await (await fetch(`${url}${path}/${secret}`, { method })).text())
      }
  for (const secret of tickets) {
    await trySocket(`ws://${host}/v1/ws?ticket=${secret}`)
    await trySocket(`ws://${host}/v1/ws`, { offer: ['holdfast.v1', `holdfast.ticket.${secret}`] })
  }
  for (const secret of secrets) {
    said.push(
      await sendRaw(
        port,
        `GET /v1/me HTTP/1.1\r\nHost: ${secret}.example\r\nAuthorization: Bearer ${secret}\r\nConnection: close\r\n\r\n`,
      ),
    )
    said.push(await sendRaw(port, `nonsense ${secret}\r\n\r\n`))
    const socket = await openRaw(port)
    const answer = readAll(socket)
    socket.end(
      `POST /v1/tickets HTTP/1.1\r\nHost: ${host}\r\nX-Api-Key: ${secret}\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"path":"${secret}`,
    )
    said.push(await answer)
  }
  const log = lines()
  expect(log.split('\n').length).toBeGreaterThan(500)
  expect(log).toContain('cannot use [redacted]')
  for (const secret of secrets) {
    expect(log).not.toContain(secret)
    expect(log).not.toContain(secret.slice(6))
  }
  for (const secret of [key, made.key, session]) expect(said.filter((text) => text.includes(secret))).toEqual([])
})

test('[S11] what looks like a credential is taken out of a line, what does not stays', () => {
  const secret = 'hf_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'
  for (const one of [
    secret,
    'hft_abcdefghijklmnopqrstuvwxyz',
    jwt,
    'sk-abcdefghijklmnopqrstuvwxyz',
    'sk-ant-api03-abcdefghijklmnop',
  ])
    expect(redact(`before ${one} after`)).toBe('before [redacted] after')
  expect(redact('Authorization: Bearer abc.def-123')).toBe('Authorization: [redacted]')
  for (const plain of [
    'hf_short',
    'the bearer of this',
    'skip-this',
    'a sk-8 board',
    '/v1/sessions/0123456789abcdef0123456789abcdef',
  ])
    expect(redact(plain)).toBe(plain)
  expect(redactTarget('/v1/x?ticket=abc&offset=1&TOKEN=abc&key')).toBe(
    '/v1/x?ticket=[redacted]&offset=1&TOKEN=[redacted]&key=[redacted]',
  )
  expect(redactTarget(`/v1/${secret}`)).toBe('/v1/[redacted]')
})

test('[S11] CR, LF and terminal codes in a request make no line of their own', async () => {
  const { url, lines } = await startEdge()
  await fetch(`${url}/v1/a%0d%0a{"level":60}%1b[31m`)
  const log = createLogger({ to: { write: () => {} } })
  expect(() => log.info({ text: 'a\r\nb\u001b[31m' }, 'x\ny')).not.toThrow()
  for (const line of lines().trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number) })
  expect(lines()).not.toContain('\u001b')
})

test('[S34] no pattern in the edge is slow on any input', { timeout: 30_000 }, () => {
  const files = readdirSync('src/http').filter((name) => name.endsWith('.ts'))
  const nested = /\((?:[^()]*[+*][^()]*)\)[+*]/
  const patterns = files.flatMap((name) => [
    ...readFileSync(join('src/http', name), 'utf8').matchAll(
      /(?<=[=(,!?:] ?|^\s*)\/(?![/*])((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)/gm,
    ),
  ])
  expect(patterns.length).toBeGreaterThan(5)
  const worst = [
    'a',
    '-',
    '.',
    '[',
    ':',
    '1',
    'sk-',
    'Bearer ',
    'eyJ',
    'eyJa.',
    'hf_',
    'application/',
    'a.',
    '/',
    ' ',
    '\\',
    '"',
  ].flatMap((one) => [
    one.repeat(65_536 / one.length),
    `${one.repeat(65_536 / one.length)}!`,
    `application/${one.repeat(65_536 / one.length)}`,
  ])
  for (const [, source = '', flags = ''] of patterns) {
    expect(source).not.toMatch(nested)
    const pattern = new RegExp(source, flags)
    for (const text of worst) {
      const times = [0, 1, 2].map(() => {
        const start = performance.now()
        text.replaceAll(pattern.global ? pattern : new RegExp(source, `${flags}g`), '')
        return performance.now() - start
      })
      // Other work on the machine only ever adds.
      expect([source, text.slice(0, 20), Math.min(...times) < 20]).toEqual([source, text.slice(0, 20), true])
    }
  }
})
