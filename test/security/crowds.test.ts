import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { addressGroup } from '../../src/http/admission.ts'
import { createBucket, createQuota, frameRate } from '../../src/http/limits.ts'
import { until } from '../tools/until.ts'
import { startEdge } from '../tools/edge.ts'
import { openRaw, readAll, statusOf } from '../tools/raw.ts'
import { closeCode, trySocket } from '../tools/sockets.ts'
import { startProcess } from './own-process.ts'
import { frame, openRawSocket, rawCloseCode } from './raw-frames.ts'

const mib = 1024 * 1024

/** Opens many connections, a hundred at a time. */
const crowd = async (
  port: number,
  size: number,
  first: string,
): Promise<readonly { socket: Socket; text: () => string; closed: () => boolean }[]> => {
  const all: { socket: Socket; text: () => string; closed: () => boolean }[] = []
  onTestFinished(() => all.forEach(({ socket }) => socket.destroy()))
  while (all.length < size) {
    const part = Array.from({ length: Math.min(100, size - all.length) }, async () => {
      const socket = connect(port, '127.0.0.1')
      let text = ''
      let closed = false
      socket.on('error', () => {})
      socket.on('data', (data: Buffer) => (text += data.toString('latin1')))
      socket.once('close', () => (closed = true))
      all.push({ socket, text: () => text, closed: () => closed })
      await once(socket, 'connect')
      socket.write(first)
    })
    await Promise.all(part)
  }
  return all
}

test(
  '[S28] 8,000 silent connections: 1,000 are held until the deadline, the rest are turned away with 503',
  { timeout: 60_000 },
  async () => {
    const edge = await startProcess({ headersTimeout: 2000, requestTimeout: 3000, connectionsCheckingInterval: 200 })
    const all = await crowd(edge.port, 8000, '')
    const open = (): number => all.filter((one) => !one.closed()).length
    await until(() => open() <= 1000, 'the crowd being turned away', 20_000)
    await until(() => open() === 0, 'every silent connection being closed', 20_000)
    const count = (status: number): number => all.filter((one) => statusOf(one.text()) === status).length
    expect(count(503) + count(408)).toBe(8000)
    // On a slow machine the first have reached their deadline, and made room, before the last one comes.
    expect(count(503)).toBeGreaterThan(count(408))
    expect((await edge.look()).rss).toBeLessThan(250 * mib)
  },
)

test('[S28] sockets that never say who they are are closed at the deadline with 4408', async () => {
  const { host, env, key } = await startEdge({
    sockets: [{ path: '/v1/ws', open: ({ socket }) => socket.on('message', () => {}) }],
  })
  const silent = await Promise.all(Array.from({ length: 20 }, () => trySocket(`ws://${host}/v1/ws`)))
  const known = await trySocket(`ws://${host}/v1/ws`, { headers: { 'x-api-key': key } })
  const codes = silent.map(({ socket }) => closeCode(socket))
  env.turn(9900)
  expect(silent.filter(({ socket }) => socket.readyState !== 1)).toEqual([])
  env.turn(200)
  expect(new Set(await Promise.all(codes))).toEqual(new Set([4408]))
  expect(known.socket.readyState).toBe(1)
})

test('[S28] a socket that has not said who it is may send 64 KiB, however large frames may be', async () => {
  const edge = await startEdge({ sockets: [{ path: '/v1/ws', maxPayload: 1024 * 1024, open: () => {} }] })
  const raw = await openRawSocket({ ...edge, key: undefined })
  const closed = new Promise((resolve) => raw.once('close', resolve))
  raw.on('drain', () => raw.write(Buffer.alloc(65_536)))
  raw.write(frame(1, Buffer.alloc(200_000), { length: 1024 * 1024 }))
  await closed
  const known = await openRawSocket(edge)
  known.write(frame(1, Buffer.alloc(1024 * 1024)))
  known.write(frame(8, Buffer.from([0x03, 0xe8])))
  expect(await rawCloseCode(known)).toBe(1000)
})

test('[S28] one address may have 20 that have not said who they are; those that have make room', async () => {
  const { port, host, key, url } = await startEdge({ limits: { unauthenticatedPerLoopback: 20 } })
  const held = await Promise.all(Array.from({ length: 20 }, () => openRaw(port)))
  const refused = await openRaw(port)
  const answer = await readAll(refused)
  expect(statusOf(answer)).toBe(503)
  expect(answer).toMatch(/retry-after: \d/i)
  // One of them shows a key: its place is free again.
  const one = held[0]
  const said = readAll(one ?? refused, (text) => text.includes('permissions'))
  one?.write(`GET /v1/me HTTP/1.1\r\nHost: ${host}\r\nX-Api-Key: ${key}\r\n\r\n`)
  expect(statusOf(await said)).toBe(200)
  expect((await fetch(`${url}/livez`)).status).toBe(200)
})

test('[S28] an IPv6 attacker has one /64, however many addresses', () => {
  const same = ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::', '2001:db8:0:0:1:2:3:4', '2001:db8::%eth0']
  expect(new Set(same.map(addressGroup)).size).toBe(1)
  expect(addressGroup('2001:db8:0:1::1')).not.toBe(addressGroup('2001:db8::1'))
  expect([addressGroup('::ffff:10.0.0.1'), addressGroup('10.0.0.1')]).toEqual(['10.0.0.1', '10.0.0.1'])
  expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].map(addressGroup)).toEqual(['loopback', 'loopback', 'loopback'])
})

test('[S29] a key has 20 live connections; the next is told 429 before the 101, others are not disturbed', async () => {
  const { host, key, identity, url } = await startEdge({ sockets: [{ path: '/v1/ws', open: () => {} }] })
  const open = (key: string) => trySocket(`ws://${host}/v1/ws`, { headers: { 'x-api-key': key } })
  const first = await Promise.all(Array.from({ length: 20 }, () => open(key)))
  expect(first.map((one) => one.status)).toEqual(first.map(() => 101))
  const over = await open(key)
  expect([over.status, JSON.parse(over.body)]).toEqual([
    429,
    { error: expect.objectContaining({ code: 'rate_limited', type: 'rate_limit_error' }) },
  ])
  expect((await open(identity.createKey({ name: 'other' }).key)).status).toBe(101)
  expect((await fetch(`${url}/v1/me`, { headers: { 'x-api-key': key } })).status).toBe(200)
  first[0]?.socket.close()
  await until(() => first[0]?.socket.readyState === 3, 'the socket being closed')
  expect((await open(key)).status).toBe(101)
})

test('[S29] a socket that says who it is in its first frame is counted then', async () => {
  const { host, key } = await startEdge({
    limits: { connectionsPerKey: 1 },
    sockets: [
      {
        path: '/v1/ws',
        open: ({ socket, admit }) => {
          socket.on('message', () => {
            try {
              admit(owner())
              socket.send('welcome')
            } catch (error) {
              socket.send((error as { code: string }).code)
            }
          })
        },
      },
    ],
  })
  const owner = () => ({ id: 'user:owner', key, name: 'x', permissions: new Set(['read'] as const) })
  const [one, two] = [await trySocket(`ws://${host}/v1/ws`), await trySocket(`ws://${host}/v1/ws`)]
  one.socket.send('me')
  expect(await one.next()).toBe('welcome')
  two.socket.send('me')
  expect(await two.next()).toBe('rate_limited')
})

test('[S29] a bucket gives 60 at once and then 30 a second, and says how long to wait', () => {
  let time = 0
  const take = createBucket(frameRate, () => time)
  expect(Array.from({ length: 60 }, take)).toEqual(Array.from({ length: 60 }, () => 0))
  expect(take()).toBe(34)
  time += 34
  expect([take(), take() > 0]).toEqual([0, true])
  time += 1000
  expect(Array.from({ length: 31 }, take).filter((wait) => wait === 0)).toHaveLength(30)
  time += 3600_000
  expect(Array.from({ length: 61 }, take).filter((wait) => wait === 0)).toHaveLength(60)
})

test('[S29] a quota gives back what is given back, once', () => {
  const quota = createQuota(() => 2)
  const [one, two] = [quota.take('a'), quota.take('a')]
  expect([quota.take('a'), quota.take('b') !== undefined, quota.total()]).toEqual([undefined, true, 3])
  one?.()
  one?.()
  expect([quota.total(), quota.take('a') !== undefined, quota.take('a')]).toEqual([2, true, undefined])
  two?.()
  expect(quota.total()).toBe(2)
})

test(
  '[S30] 500 connections that send a byte now and then are closed, and meanwhile delay nobody',
  { timeout: 60_000 },
  async () => {
    const edge = await startProcess()
    const ask = async (): Promise<number> => {
      const start = performance.now()
      await (await fetch(`${edge.url}/livez`)).arrayBuffer()
      return performance.now() - start
    }
    const best = async (): Promise<number> => {
      const times: number[] = []
      for (let round = 0; round < 20; round++) times.push(await ask())
      return times.toSorted((a, b) => a - b)[10] ?? 0
    }
    const alone = await best()
    const slow = await crowd(edge.port, 500, 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ')
    const drip = setInterval(() => slow.forEach(({ socket }) => socket.writable && socket.write('x')), 1000)
    onTestFinished(() => clearInterval(drip))
    expect((await best()) - alone).toBeLessThan(100)
    await until(() => slow.every((one) => one.closed()), 'the slow connections being closed', 20_000)
    expect(new Set(slow.map((one) => statusOf(one.text())))).toEqual(new Set([408]))
  },
)
