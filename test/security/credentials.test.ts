import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { Route } from '../../src/http/route.ts'
import { startEdge, type Running } from '../tools/edge.ts'
import { sendRaw, statusOf } from '../tools/raw.ts'
import { trySocket } from '../tools/sockets.ts'

const routes: readonly Route[] = [
  { method: 'GET', path: '/v1/events', access: 'read', handle: (call) => call.send(200, {}) },
  { method: 'GET', path: '/v1/other', access: 'read', handle: (call) => call.send(200, {}) },
  { method: 'POST', path: '/v1/events', access: 'read', handle: (call) => call.send(200, {}) },
  { method: 'POST', path: '/v1/write', access: 'write', handle: (call) => call.send(200, {}) },
  { method: 'POST', path: '/v1/approve', access: 'approve', handle: (call) => call.send(200, {}) },
  { method: 'POST', path: '/v1/admin', access: 'admin', handle: (call) => call.send(200, {}) },
]
const sockets = ['/v1/ws', '/v1/ws2'].map((path) => ({
  path,
  open: ({ socket }: { socket: { send(text: string): void } }) => socket.send('open'),
}))

const ask = async ({ port, host }: Running, headers: readonly string[]): Promise<string> =>
  sendRaw(
    port,
    `GET /v1/me HTTP/1.1\r\nHost: ${host}\r\n${headers.map((one) => `${one}\r\n`).join('')}Connection: close\r\n\r\n`,
  )

describe('[S8] an empty credential never matches', () => {
  const malformed = (key: string): readonly (readonly string[])[] => [
    ['Authorization:'],
    ['Authorization: Bearer'],
    ['Authorization: Bearer '],
    ['Authorization:  '],
    ['X-Api-Key:'],
    ['X-Api-Key:  '],
    ['Authorization: Bearer undefined'],
    ['Authorization: Bearer null'],
    [`Authorization: ${key}`],
    [`Authorization: Basic ${Buffer.from(`:${key}`).toString('base64')}`],
    [`Authorization: Bearer ${key} ${key}`],
    [`Authorization: Bearer ${key},`],
    [`Authorization: Bearer ${key}`, `Authorization: Bearer ${key}`],
    [`Authorization:`, `X-Api-Key: ${key}`],
    [`X-Api-Key: ${key}`, `X-Api-Key: ${key}`],
    ['Cookie: holdfast-80='],
    ['Cookie: ='],
    ['Cookie: ;;;'],
  ]
  test('with a generated key', async () => {
    const running = await startEdge()
    for (const headers of malformed(running.key))
      expect([headers, statusOf(await ask(running, headers))]).toEqual([headers, 401])
    const { port } = running
    expect(statusOf(await ask(running, [`Cookie: holdfast-${port}=`]))).toBe(401)
    expect(statusOf(await ask(running, [`Authorization: bearer ${running.key}`]))).toBe(200)
  })
  test('with a configured key, and with one configured as empty', async () => {
    const key = 'Zx4lBq0TnB2m9cVvK7yQ1sWd8RjUeHgF5aPoXi3L'
    for (const configured of [key, '']) {
      const running = await startEdge({ identity: { key: configured } })
      for (const headers of malformed(key))
        expect([headers, statusOf(await ask(running, headers))]).toEqual([headers, 401])
      expect(statusOf(await ask(running, [`X-Api-Key: ${key}`]))).toBe(configured === '' ? 401 : 200)
    }
  })
  test('on a socket it is refused before the 101', async () => {
    const { host } = await startEdge({ sockets })
    for (const headers of [{ authorization: 'Bearer ' }, { 'x-api-key': '' }, { authorization: 'Bearer nonsense' }])
      expect((await trySocket(`ws://${host}/v1/ws`, { headers })).status).toBe(401)
    for (const query of ['?ticket=', '?ticket=nonsense', '?ticket=%00', '?ticket=%F0%9F%94%91'])
      expect((await trySocket(`ws://${host}/v1/ws${query}`)).status).toBe(401)
  })
})

describe('[S10] a ticket', () => {
  const newTicket = async (
    { url, key }: Running,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<string> => {
    const answer = await fetch(`${url}/v1/tickets`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(201)
    return ((await answer.json()) as { ticket: string }).ticket
  }
  const status = async (running: Running, path: string, init: RequestInit = {}): Promise<number> =>
    (await fetch(running.url + path, init)).status

  test('is 256 random bits, opens a stream once, and then never again', async () => {
    const running = await startEdge({ routes })
    const ticket = await newTicket(running, { path: '/v1/events' })
    expect(Buffer.from(ticket.slice('hft_'.length), 'base64url').length).toBe(32)
    expect(await status(running, `/v1/events?live=sse&ticket=${ticket}`)).toBe(200)
    expect(await status(running, `/v1/events?live=sse&ticket=${ticket}`)).toBe(401)
  })
  test('lives 30 s', async () => {
    const running = await startEdge({ routes })
    const [old, older] = [
      await newTicket(running, { path: '/v1/events' }),
      await newTicket(running, { path: '/v1/events' }),
    ]
    running.env.turn(29_000)
    expect(await status(running, `/v1/events?live=sse&ticket=${old}`)).toBe(200)
    running.env.turn(2000)
    expect(await status(running, `/v1/events?live=sse&ticket=${older}`)).toBe(401)
  })
  test('opens one path and no other, and the wrong one uses it up', async () => {
    const running = await startEdge({ routes, sockets })
    const ticket = await newTicket(running, { path: '/v1/events' })
    expect(await status(running, `/v1/other?live=sse&ticket=${ticket}`)).toBe(401)
    expect(await status(running, `/v1/events?live=sse&ticket=${ticket}`)).toBe(401)
    const other = await newTicket(running, {})
    expect((await trySocket(`ws://${running.host}/v1/ws2?ticket=${other}`)).status).toBe(401)
  })
  test('opens a socket, in the query or as a subprotocol that is not echoed', async () => {
    const running = await startEdge({ sockets })
    const target = `ws://${running.host}/v1/ws`
    const [one, two] = [await newTicket(running, {}), await newTicket(running, {})]
    expect((await trySocket(`${target}?ticket=${one}`)).status).toBe(101)
    const offered = await trySocket(target, { offer: ['holdfast.v1', `holdfast.ticket.${two}`] })
    expect([offered.status, offered.socket.protocol]).toEqual([101, 'holdfast.v1'])
    expect((await trySocket(target, { offer: ['holdfast.v1', `holdfast.ticket.${two}`] })).status).toBe(401)
  })
  test('is bound to the origin that asked for it', async () => {
    const running = await startEdge({ sockets, allow: { origins: ['https://app.example'] } })
    const origin = running.url
    const open = async (ticket: string, headers: Record<string, string>): Promise<number> =>
      (await trySocket(`ws://${running.host}/v1/ws?ticket=${ticket}`, { headers })).status
    expect(await open(await newTicket(running, {}, { origin }), { origin: 'https://app.example' })).toBe(401)
    expect(await open(await newTicket(running, {}, { origin }), {})).toBe(401)
    expect(await open(await newTicket(running, {}, { origin }), { origin })).toBe(101)
  })
  test('dies with its key, and opens nothing but streams', async () => {
    const running = await startEdge({ routes })
    const { id, key } = running.identity.createKey({ name: 'short' })
    const ticket = await newTicket({ ...running, key }, { path: '/v1/events' })
    running.identity.revokeKey(id)
    expect(await status(running, `/v1/events?live=sse&ticket=${ticket}`)).toBe(401)
    const plain = await newTicket(running, { path: '/v1/events' })
    expect(await status(running, `/v1/events?ticket=${plain}`)).toBe(401)
    expect(await status(running, `/v1/events?ticket=${plain}&live=1`, { method: 'POST' })).toBe(401)
  })
  test('a key in the address is no credential', async () => {
    const running = await startEdge({ routes, sockets })
    for (const name of ['token', 'key', 'api_key', 'access_token', 'ticket'])
      expect(await status(running, `/v1/events?live=sse&${name}=${running.key}`)).toBe(401)
  })
})

test('[S14] no token is on the disk: not in the database, its log, nor anything else but the key file', async () => {
  const { url, key, identity } = await startEdge({ routes })
  const made = identity.createKey({ name: 'second' })
  const session = identity.openBrowser(made.id)
  await fetch(`${url}/v1/me`, { headers: { 'x-api-key': made.key } })
  const dir = dirname(identity.first?.file ?? '')
  for (const name of readdirSync(dir).filter((one) => one !== 'key')) {
    const bytes = readFileSync(join(dir, name)).toString('latin1')
    for (const token of [key, made.key, session.token]) {
      expect(bytes).not.toContain(token)
      expect(bytes).not.toContain(Buffer.from(token.slice(token.indexOf('_') + 1), 'base64url').toString('latin1'))
    }
  }
  const db = new DatabaseSync(join(dir, 'identity.db'), { readOnly: true })
  expect(db.prepare('select length(hash) as n from key').all()).toEqual([{ n: 32 }, { n: 32 }])
  db.close()
})

test('[S16] a role may do what is its own and nothing more', async () => {
  const { url, identity } = await startEdge({ routes })
  const paths = ['/v1/events', '/v1/write', '/v1/approve', '/v1/admin']
  const table = { viewer: [200, 403, 403, 403], editor: [200, 200, 200, 403], owner: [200, 200, 200, 200] } as const
  for (const role of ['viewer', 'editor', 'owner'] as const) {
    const { key } = identity.createKey({ name: role, role })
    const got = await Promise.all(
      paths.map(async (path) => (await fetch(url + path, { method: 'POST', headers: { 'x-api-key': key } })).status),
    )
    expect([role, got]).toEqual([role, table[role]])
  }
})

test('[S16] a role that this version does not know may do nothing', async () => {
  const { url, identity } = await startEdge({ routes })
  const { id, key } = identity.createKey({ name: 'odd' })
  const db = new DatabaseSync(join(dirname(identity.first?.file ?? ''), 'identity.db'))
  db.prepare('update key set role = ? where id = ?').run('superuser', id)
  db.close()
  expect((await fetch(`${url}/v1/events`, { headers: { 'x-api-key': key } })).status).toBe(401)
})

const hostile = [
  "' OR 1=1--",
  '" OR ""="',
  "'; drop table key;--",
  '%',
  '_'.repeat(46),
  '\\',
  'x'.repeat(8000),
  '../../key',
  '🔑'.repeat(10),
  'hf_',
  '[object Object]',
]
test('[S18] hostile keys get the same 401 as any wrong one', async () => {
  const running = await startEdge({ routes })
  const shape = (answer: string): string =>
    answer
      .replaceAll(/[\da-f]{32}/g, '<id>')
      .replace(/Date: .*/, '')
      .toLowerCase()
  const plain = shape(await ask(running, ['X-Api-Key: wrong']))
  expect(plain).toContain('401')
  for (const key of hostile)
    for (const header of [
      `X-Api-Key: ${key}`,
      `Authorization: Bearer ${key}`,
      `Cookie: holdfast-${running.port}=${key.replaceAll(';', '')}`,
    ])
      expect([header, shape(await ask(running, [header]))]).toEqual([header, plain])
  const withNul = await ask(running, ['X-Api-Key: a\0b'])
  expect(statusOf(withNul)).toBe(400)
  expect((await fetch(`${running.url}/v1/me`, { headers: { 'x-api-key': running.key } })).status).toBe(200)
  expect(running.lines()).not.toContain('"level":50')
})

/** What was looked at and is no value from outside: names of tables, numbers of our own. */
const reviewed = new Set([
  'connection.ts: synchronous', 'schema.ts: name', 'schema.ts: steps[version]', 'schema.ts: version + 1',
  'open-writer.ts: epoch', 'log-writer.ts: what', 'neighbours.ts: table', 'neighbours.ts: where',
]) // prettier-ignore
/** A constant of the same file: its text is there to be read. */
const isConstant = (text: string, name: string): boolean =>
  /^\w+$/.test(name) && new RegExp(`const ${name} = (?:['\`]|\\d)`).test(text)
test('[S18] no SQL is put together from strings', () => {
  const files = readdirSync('src', { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.name.endsWith('.ts'),
  )
  const found = files.flatMap((entry) => {
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8')
    const templates = [...text.matchAll(/\.(?:prepare|exec)\(\s*`([^`]*)`/g)].map((match) => match[1] ?? '')
    const inserted = templates.flatMap((one) => [...one.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1] ?? ''))
    const joined = /\.(?:prepare|exec)\(\s*'[^'\n]*'\s*\+/.test(text) ? ['a sum of strings'] : []
    const open = inserted.filter((one) => !isConstant(text, one))
    return [...open, ...joined].map((one) => `${entry.name}: ${one}`).filter((one) => !reviewed.has(one))
  })
  expect(found).toEqual([])
})

test('[S17] secrets are never compared by === in the code that handles them', () => {
  const files = readdirSync('src/http').filter((name) => name.endsWith('.ts'))
  const bad = /(?<!typeof )\b(?:hash|token|secret|key|ticket|digest|password)\w* (?:===|!==) (?!undefined|null|'')/i
  const found = files.flatMap((name) =>
    readFileSync(join('src/http', name), 'utf8')
      .split('\n')
      .filter((line) => bad.test(line))
      .map((line) => [name, line.trim()]),
  )
  expect(found).toEqual([])
})

/** Welch's t of two samples. */
const welch = (a: readonly number[], b: readonly number[]): number => {
  const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length
  const spread = (list: readonly number[], middle: number): number =>
    list.reduce((sum, one) => sum + (one - middle) ** 2, 0) / (list.length - 1)
  const [ma, mb] = [mean(a), mean(b)]
  return Math.abs(ma - mb) / Math.sqrt(spread(a, ma) / a.length + spread(b, mb) / b.length)
}

test.skipIf(process.env['HOLDFAST_NIGHTLY'] === undefined)(
  '[S17] how long a refusal takes does not tell how much of a key is right',
  async () => {
    const { identity, key } = await startEdge()
    const right = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`
    const wrong = `hf_${'x'.repeat(43)}`
    const times: Record<string, number[]> = { right: [], wrong: [] }
    for (let round = 0; round < 40_000; round++) {
      const name = Math.random() < 0.5 ? 'right' : 'wrong'
      const start = process.hrtime.bigint()
      identity.authenticate(name === 'right' ? right : wrong)
      times[name]?.push(Number(process.hrtime.bigint() - start))
    }
    // Collections and other processes make outliers of hundreds of times: only the lower nine tenths are compared.
    const trim = (list: readonly number[] = []): readonly number[] =>
      list.toSorted((a, b) => a - b).slice(0, Math.floor(list.length * 0.9))
    expect(welch(trim(times['right']), trim(times['wrong']))).toBeLessThan(4.5)
  },
)
