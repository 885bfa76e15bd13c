import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { commands, needs } from '../../src/core/commands.ts'
import { clientFrames, type ServerFrame } from '../../src/core/frames.ts'
import type { Role } from '../../src/http/roles.ts'
import { openNative, type Native } from '../tools/native.ts'
import { start, type StartOptions } from '../tools/start.ts'
import { turnableEnv } from '../tools/env.ts'
import { until } from '../tools/until.ts'
import { frame, openRawSocket } from './raw-frames.ts'

const serve = async (options: StartOptions = {}) => {
  const server = await start({ rate: { rate: 10_000, burst: 10_000 }, ...options })
  onTestFinished(() => server.stop())
  return server
}
const open = async (...args: Parameters<typeof openNative>): Promise<Native> => {
  const native = await openNative(...args)
  onTestFinished(() => native.close())
  return native
}
let count = 0
const newId = (): string => `s-${process.pid}-${++count}`
const make = async (native: Native): Promise<string> => {
  const session = newId()
  native.send({ t: 'cmd', id: newId(), session, type: 'create', data: {} })
  await native.next('ack')
  return session
}
const cursor = `${'0'.repeat(16)}_${'0'.repeat(16)}`

/** A valid frame of each kind about a session, and of each kind of command. */
const framesAbout = (session: string): Readonly<Record<string, object>> => {
  const data = {
    create: {},
    prompt: { text: 'x' },
    cancel: {},
    answer: { ask: 'a', option: 'b' },
    update: { title: 'x' },
    close: {},
  }
  const plain = {
    sub: { t: 'sub', id: newId(), session },
    unsub: { t: 'unsub', id: 'none' },
    got: { t: 'got', sub: 'none', cursor },
    eph: { t: 'eph', session, key: 'typing', data: 1 },
    ping: { t: 'ping', n: 1 },
    pong: { t: 'pong', n: 1 },
    auth: { t: 'auth', token: 'nonsense' },
    bye: { t: 'bye' },
    hello: { t: 'hello', v: 1 },
  }
  expect(new Set([...Object.keys(plain), 'cmd'])).toEqual(new Set(Object.keys(clientFrames)))
  expect(new Set(Object.keys(data))).toEqual(new Set(Object.keys(commands)))
  return {
    ...plain,
    ...Object.fromEntries(
      Object.entries(data).map(([type, one]) => [`cmd ${type}`, { t: 'cmd', id: newId(), session, type, data: one }]),
    ),
  }
}

/** What comes back for a frame, told apart from everything before by a ping that follows it. */
const answerTo = async (native: Native, sent: object): Promise<ServerFrame | undefined> => {
  const from = native.frames.length
  const n = ++count
  native.send(sent)
  native.send({ t: 'ping', n })
  // A command has a lane of its own: its answer may come after the pong.
  const id = 'id' in sent && 't' in sent && sent.t === 'cmd' ? sent.id : undefined
  const fits = (one: ServerFrame): boolean =>
    ((one.t === 'ack' || one.t === 'err') && 'id' in one && one.id === id) ||
    (id === undefined && one.t === 'pong' && one.n === n)
  await until(() => native.frames.slice(from).some(fits), JSON.stringify(sent))
  return native.frames.slice(from).find((one) => one.t === 'err' || one.t === 'ack' || one.t === 'sub.ok')
}

test('[S16] role × frame: what a role may not do is refused and does not happen', async () => {
  const { url, key, identity, gateway } = await serve()
  const owner = await open(url, { key })
  const session = await make(owner)
  const allowed: Readonly<Record<Role, ReadonlySet<string>>> = {
    viewer: new Set(['read']),
    editor: new Set(['read', 'write', 'approve']),
    owner: new Set(['read', 'write', 'approve', 'admin']),
  }
  for (const role of ['viewer', 'editor', 'owner'] as const) {
    const native = await open(url, { key: identity.createKey({ name: role, role }).key })
    const { head } = await gateway.journal.head(session)
    for (const [type, permission] of Object.entries(needs)) {
      const sent = framesAbout(type === 'create' || type === 'close' ? newId() : session)[`cmd ${type}`] ?? {}
      const answer = await answerTo(native, sent)
      const refused = answer?.t === 'err' && answer.code === 'forbidden'
      expect([role, type, refused]).toEqual([role, type, !allowed[role].has(permission)])
    }
    for (const type of ['sub', 'eph', 'ping', 'pong', 'got', 'unsub']) {
      const answer = await answerTo(native, framesAbout(session)[type] ?? {})
      expect([role, type, answer?.t === 'err' && answer.code === 'forbidden']).toEqual([role, type, false])
    }
    const written = (await gateway.journal.head(session)).head > head
    expect([role, written]).toEqual([role, role !== 'viewer'])
  }
})

test('[S16] an unknown frame or command is denied, by whomever', async () => {
  const { url, key } = await serve()
  const native = await open(url, { key })
  const session = await make(native)
  for (const type of ['delete', 'admin', '__proto__', 'constructor', 'toString', ''])
    expect(await answerTo(native, { t: 'cmd', id: newId(), session, type, data: {} })).toMatchObject({
      t: 'err',
      code: 'invalid_request',
    })
  native.send({ t: 'revoke', session })
  expect((await native.closed).code).toBe(4400)
})

test("[S12] another person's session is told like one that is not there, by every frame", async () => {
  const { url, key, identity } = await serve()
  const session = await make(await open(url, { key }))
  const other = await open(url, { key: identity.createKey({ name: 'b', user: 'b' }).key })
  const plain = (answer: ServerFrame | undefined, name: string): object => ({
    ...answer,
    id: '',
    sub: '',
    ...(name === '' && {}),
  })
  for (const name of Object.keys(framesAbout(session)).filter((one) => /^(?:sub|eph|cmd (?!create))/.test(one))) {
    const theirs = await answerTo(other, framesAbout(session)[name] ?? {})
    const none = await answerTo(other, framesAbout('none')[name] ?? {})
    expect([name, theirs]).toEqual([name, expect.objectContaining({ t: 'err', code: 'not_found' })])
    expect(plain(theirs, name)).toEqual(plain(none, name))
  }
  const resumed = await answerTo(other, {
    t: 'sub',
    id: newId(),
    session,
    cursor: `${'0'.repeat(15)}1_${'0'.repeat(15)}1`,
  })
  expect(resumed).toMatchObject({ t: 'err', code: 'not_found' })
  expect(other.frames.some((one) => one.t === 'ev' || one.t === 'sub.ok')).toBe(false)
})

test('[S9] before there is a credential nothing is done: one small frame, one verdict', async () => {
  const env = turnableEnv()
  const { url, key, gateway } = await serve({ env })
  const session = await make(await open(url, { key }))
  const { head } = await gateway.journal.head(session)
  const command = { t: 'cmd', id: newId(), session, type: 'prompt', data: { text: 'x' } }
  const silent = await open(url)
  const first = await open(url)
  first.send(command)
  const large = await open(url)
  large.send({ t: 'hello', v: 1, auth: key, client: 'x'.repeat(2048) })
  const wrong = await open(url)
  wrong.send({ t: 'hello', v: 1, auth: 'nonsense' })
  wrong.send(command)
  expect((await Promise.all([first, large, wrong].map((one) => one.closed))).map(({ code }) => code)).toEqual([
    4400, 4413, 4401,
  ])
  env.turn(9000)
  expect(silent.socket.readyState).toBe(1)
  env.turn(1100)
  expect((await silent.closed).code).toBe(4408)
  expect((await gateway.journal.head(session)).head).toBe(head)
})

test('[S29] more frames than allowed are answered with an error and a time, the socket stays, others are not disturbed', async () => {
  const { url, key } = await serve({ rate: { rate: 30, burst: 60 } })
  const [flood, calm] = [await open(url, { key }), await open(url, { key })]
  for (let n = 0; n < 200; n++) flood.send({ t: 'ping', n })
  await until(() => flood.frames.some((one) => one.t === 'err' && one.retry_after_ms !== undefined), 'a time to wait')
  const refused = flood.frames.filter((one) => one.t === 'err')
  expect(new Set(refused.map((one) => `${one.code} ${one.retryable}`))).toEqual(new Set(['rate_limited true']))
  calm.send({ t: 'ping', n: 1 })
  await calm.next('pong')
  expect(flood.socket.readyState).toBe(1)
  expect(flood.frames.filter((one) => one.t === 'pong').length).toBeGreaterThanOrEqual(30)
})

test('[S31] a reader that takes nothing gets its window and no more, is told 4001, and resumes; others get everything', async () => {
  const env = turnableEnv()
  const { url, key, gateway } = await serve({ env })
  const owner = await open(url, { key, hello: { window: 0 } })
  const session = await make(owner)
  owner.send({ t: 'sub', id: 'good', session })
  const window = 65_536
  const slow = await open(url, { key, hello: { window, coalesce_ms: 0 } })
  slow.send({ t: 'sub', id: 'slow', session })
  await slow.next('sub.ok')
  owner.send({ t: 'cmd', id: newId(), session, type: 'prompt', data: { text: 'count to 50000 at 100000/s' } })
  const ended = (one: ServerFrame): boolean => one.t === 'ev' && one.e.some((event) => event.type === 'turn.ended')
  await until(() => owner.frames.some(ended), 'the answer being whole for another reader', 20_000)
  const sent = (): number =>
    slow.frames.reduce((sum, one) => sum + (one.t === 'ev' ? JSON.stringify(one).length : 0), 0)
  await until(() => sent() > 0, 'the first events')
  expect(sent()).toBeLessThan(window + 2 * 65_536)
  // It lives, but takes nothing.
  for (const ms of [30_000, 31_000]) {
    slow.send({ t: 'ping', n: ms })
    await slow.next('pong', (one) => one.n === ms)
    env.turn(ms)
  }
  expect((await slow.closed).code).toBe(4001)
  expect(sent()).toBeLessThan(window + 2 * 65_536)
  const runs = slow.frames.filter((one) => one.t === 'ev')
  const again = await open(url, { key, hello: { window: 0 } })
  again.send({ t: 'sub', id: 'again', session, cursor: runs.at(-1)?.cursor })
  await again.next('live', () => true)
  const { head } = await gateway.journal.head(session)
  const seqs = [...runs, ...again.frames.filter((one) => one.t === 'ev')].flatMap((one) =>
    one.e.map((event) => event.seq),
  )
  expect(seqs).toEqual(Array.from({ length: head }, (_, index) => index + 1))
})

test('[S32] a peer that is gone without a word is dropped, and its connection with it', async () => {
  const env = turnableEnv()
  const { url, key, port, server } = await serve({ env })
  const alive = await open(url, { key })
  const gone = await openRawSocket({ port, host: `127.0.0.1:${port}`, key }, '/v1/socket')
  gone.write(frame(1, JSON.stringify({ t: 'hello', v: 1 })))
  await once(gone, 'data')
  gone.pause()
  expect(server.connections()).toBe(2)
  for (const ms of [21_000, 12_000, 13_000]) {
    alive.send({ t: 'ping', n: ms })
    await alive.next('pong', (one) => one.n === ms)
    env.turn(ms)
  }
  await until(() => server.connections() === 1, 'the dead peer being dropped')
  expect(alive.frames.some((one) => one.t === 'ping')).toBe(true)
  expect(alive.socket.readyState).toBe(1)
})
