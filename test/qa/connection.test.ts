import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatCursor } from '../../src/core/cursor.ts'
import type { ServerFrame } from '../../src/core/frames.ts'
import type { Agent, Env } from '../../src/core/ports.ts'
import { native } from '../../src/dialects/native.ts'
import { systemEnv } from '../../src/env.ts'
import { connect, type Connection } from '../../src/gateway/connection.ts'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { createPresence } from '../../src/gateway/presence.ts'
import { memoryJournal, memoryStore } from '../../src/journals/memory.ts'
import { until } from '../tools/until.ts'

const silent: Agent = {
  name: 'silent',
  title: '',
  steers: false,
  models: () => Promise.resolve([]),
  resumes: () => false,
  run: async function* () {
    yield* []
  },
}

let gateway: Gateway
const presence = createPresence()
let clock = 0
const env: Env = { ...systemEnv, monotonic: () => clock }

beforeEach(async () => {
  clock = 0
  gateway = createGateway({
    journal: memoryJournal(memoryStore(systemEnv), { env: systemEnv }),
    agents: [silent],
    env: systemEnv,
    node: 'n',
    hash: (text) => text,
  })
  await say('c', 'create')
})
afterEach(() => gateway.close())

const say = (id: string, type: string, data: object = {}, session = 's', expect?: number) =>
  gateway.say({ id, session, by: 'user:a', type, data }, expect)

interface Client {
  readonly frames: ServerFrame[]
  readonly connection: Connection
  readonly send: (frame: object) => void
  /** Bytes that the network does not take. */
  buffered: number
}

/** A client on a network whose buffer a test fills and empties. */
const client = async (): Promise<Client> => {
  const frames: ServerFrame[] = []
  const pieces: string[] = []
  const take = (data: string | Uint8Array): void => {
    const frame = JSON.parse(typeof data === 'string' ? data : Buffer.from(data).toString()) as ServerFrame
    if (frame.t !== 'frag') frames.push(frame)
    else if (pieces.push(frame.data) === frame.n) frames.push(JSON.parse(pieces.splice(0).join('')) as ServerFrame)
  }
  const connection = connect({
    wire: { send: take, buffered: () => mine.buffered, close: () => undefined },
    dialect: native,
    gateway,
    presence,
    env,
    server: 'test',
    caller: { id: 'user:a', name: 'a', permissions: new Set(['read', 'write', 'approve']) },
    authenticate: async () => undefined,
    bucket: () => 0,
    onBug: (error) => console.error(error),
  })
  const mine: Client = {
    frames,
    connection,
    send: (frame) => connection.receive(JSON.stringify(frame)),
    buffered: 0,
  }
  mine.send({ t: 'hello', v: 1 })
  await got(mine, 'welcome')
  return mine
}
const got = <T extends ServerFrame['t']>(
  { frames }: Client,
  t: T,
  fits: (frame: Extract<ServerFrame, { t: T }>) => boolean = () => true,
) =>
  until(
    () => frames.find((frame): frame is Extract<ServerFrame, { t: T }> => frame.t === t && fits(frame as never)),
    t,
    3000,
  )
const full = 300_000

describe('a client that takes nothing', () => {
  it('[F1] is given no state before there is room for it, and the state as it is then', async () => {
    const one = await client()
    one.buffered = full
    one.send({ t: 'sub', id: '1', session: 's', from: 'snapshot' })
    await say('u', 'update', { title: 'later' })
    // What is not about what waits goes on.
    one.send({ t: 'ping', n: 7 })
    await got(one, 'pong')
    one.send({ t: 'cmd', id: 'v', session: 's', type: 'update', data: { pinned: true } })
    await got(one, 'ack')
    expect(one.frames.some(({ t }) => t === 'sub.ok')).toBe(false)
    one.buffered = 0
    one.connection.drained()
    expect(await got(one, 'sub.ok')).toMatchObject({ state: { title: 'later', pinned: true } })
  })

  it('[E9] [F1] hears nothing of what is true for a moment', async () => {
    const [one, other] = [await client(), await client()]
    for (const each of [one, other]) {
      each.send({ t: 'sub', id: '1', session: 's', from: 'now' })
      await got(each, 'live')
    }
    one.buffered = full
    other.send({ t: 'eph', session: 's', key: 'typing', data: 'lost' })
    other.send({ t: 'ping', n: 1 })
    other.send({ t: 'cmd', id: 'x', session: 's', type: 'update', data: { title: 'x' } })
    await got(other, 'ack')
    one.buffered = 0
    one.connection.drained()
    other.send({ t: 'eph', session: 's', key: 'typing', data: 'heard' })
    await got(one, 'eph')
    expect(one.frames.flatMap((frame) => (frame.t === 'eph' ? [frame.data] : []))).toEqual(['heard'])
  })

  it('[F5] is dropped after a minute, whatever it asked for', async () => {
    const one = await client()
    one.buffered = full
    for (let i = 0; i < 100; i++) {
      clock += 1000
      one.connection.heard()
      one.connection.beat()
    }
    expect(one.frames.at(-1)).toMatchObject({ t: 'bye', code: 'slow_consumer', retry: true })
  })

  it('[F5] has longer for what is large: a state of 10 MB over a slow line is not given up in the middle', async () => {
    const one = await client()
    one.send({ t: 'sub', id: '1', session: 's', from: 'snapshot' })
    await got(one, 'live')
    one.buffered = 10_000_000
    await say('u', 'update', { title: 'x' })
    const wait = (seconds: number): void => {
      for (let i = 0; i < seconds; i++) {
        clock += 1000
        one.connection.heard()
        one.connection.beat()
      }
    }
    wait(300)
    expect(one.frames.some(({ t }) => t === 'bye')).toBe(false)
    one.buffered = 0
    one.connection.drained()
    await got(one, 'ev')
    one.buffered = full
    wait(50)
    one.connection.drained()
    one.buffered = full
    wait(50)
    expect(one.frames.some(({ t }) => t === 'bye')).toBe(false)
  })
})

describe('what may wait', () => {
  it('[S11] [W7] as many subscriptions as there may be, asked for at once, are none too many', async () => {
    const one = await client()
    for (let i = 0; i < 150; i++) one.send({ t: 'sub', id: `s${i}`, session: 's' })
    await got(one, 'live', ({ sub }) => sub === 's149')
    expect(one.frames.some(({ t }) => t === 'err')).toBe(false)
  })

  it('[W7] commands over the limit are refused, and only they', async () => {
    const one = await client()
    for (let i = 0; i < 40; i++)
      one.send({ t: 'cmd', id: `c${i}`, session: 's', type: 'update', data: { title: `${i}` } })
    await got(one, 'ack', ({ id }) => id === 'c31')
    expect(one.frames.filter((frame) => frame.t === 'err').map(({ id, code }) => `${id} ${code}`)).toEqual(
      Array.from({ length: 8 }, (_, i) => `c${32 + i} rate_limited`),
    )
  })
})

describe('expect', () => {
  it('[W5] a head of a log that is not there any more is never the head', async () => {
    const one = await client()
    const foreign = formatCursor({ epoch: gateway.journal.epoch + 1, seq: 1_000_000 })
    one.send({ t: 'cmd', id: 'x', session: 's', type: 'update', data: { title: 'x' }, expect: foreign })
    expect(await got(one, 'err')).toMatchObject({ id: 'x', code: 'conflict' })
    const { head } = await gateway.journal.head('s')
    const seen = formatCursor({ epoch: gateway.journal.epoch, seq: head })
    one.send({ t: 'cmd', id: 'y', session: 's', type: 'update', data: { title: 'y' }, expect: seen })
    expect(await got(one, 'ack')).toMatchObject({ id: 'y' })
    one.send({ t: 'cmd', id: 'y', session: 's', type: 'update', data: { title: 'y' }, expect: foreign })
    expect(await got(one, 'ack', ({ dup }) => dup === true)).toMatchObject({ id: 'y' })
  })
})
