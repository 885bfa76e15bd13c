import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { startEdge } from '../tools/edge.ts'
import { closeCode, trySocket } from '../tools/sockets.ts'
import { startProcess, type EdgeProcess } from './own-process.ts'
import { frame, openRawSocket, rawCloseCode } from './raw-frames.ts'

const mib = 1024 * 1024
const open = async ({ host, key }: EdgeProcess, path = '/v1/ws') =>
  trySocket(`ws://${host}${path}`, { headers: { 'x-api-key': key } })

test('[S20] a frame over 64 KiB closes 1009, one of 64 KiB does not, and no memory is kept', async () => {
  const edge = await startProcess()
  const text = (size: number): string => `"${'x'.repeat(size - 2)}"`
  const attack = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const { socket } = await open(edge)
      socket.send(text(64 * 1024 + 1))
      expect(await closeCode(socket)).toBe(1009)
    }
  }
  const { socket, next } = await open(edge)
  socket.send(text(64 * 1024))
  expect(await next()).toBe('65536')
  await attack(20)
  const before = await edge.look()
  await attack(20)
  expect((await edge.look()).rss - before.rss).toBeLessThan(5 * mib)
})

test('[S20] no dialect gets more than 1 MiB, and a length alone reserves nothing', async () => {
  const edge = await startProcess()
  const { socket, next } = await open(edge, '/v1/large')
  socket.send('x'.repeat(mib))
  expect(await next()).toBe('got')
  socket.send('x'.repeat(mib + 1))
  expect(await closeCode(socket)).toBe(1009)
  const before = await edge.look()
  for (let round = 0; round < 20; round++) {
    const raw = await openRawSocket(edge)
    raw.write(frame(1, 'x', { length: 2 ** 40 }))
    expect(await rawCloseCode(raw)).toBe(1009)
  }
  expect((await edge.look()).rss - before.rss).toBeLessThan(5 * mib)
})

test('[S21] compression is not negotiated, and a compressed frame is a broken one', async () => {
  const edge = await startProcess()
  const { socket } = await trySocket(`ws://${edge.host}/v1/ws`, {
    headers: { 'x-api-key': edge.key },
    perMessageDeflate: true,
  })
  expect(socket.extensions).toBe('')
  const raw = await openRawSocket(edge)
  raw.write(frame(1, 'x', { rsv: 4 }))
  expect(await rawCloseCode(raw)).toBe(1002)
})

test('[S25] text that is no UTF-8 closes 1007, also when it is broken over fragments', async () => {
  const edge = await startProcess()
  const bad: readonly Buffer[] = [
    frame(1, Buffer.from([0xff, 0xfe])),
    frame(1, Buffer.from([0xc0, 0xaf])),
    frame(1, Buffer.from([0xed, 0xa0, 0x80])),
    frame(1, Buffer.from([0xf4, 0x90, 0x80, 0x80])),
    Buffer.concat([frame(1, Buffer.from([0xe2, 0x82]), { fin: false }), frame(0, Buffer.from([0x22]))]),
  ]
  for (const bytes of bad) {
    const raw = await openRawSocket(edge)
    raw.write(bytes)
    expect(await rawCloseCode(raw)).toBe(1007)
  }
  const raw = await openRawSocket(edge)
  raw.write(
    Buffer.concat([frame(1, Buffer.from([0x22, 0xe2, 0x82]), { fin: false }), frame(0, Buffer.from([0xac, 0x22]))]),
  )
  const [answer] = (await once(raw, 'data')) as [Buffer]
  expect(answer.subarray(2).toString()).toBe('5')
})

/** What breaks RFC 6455, and what it is closed with. */
const violations: readonly (readonly [string, Buffer, number])[] = [
  ['unmasked', frame(1, 'x', { masked: false }), 1002],
  ['reserved opcode 3', frame(3, 'x'), 1002],
  ['reserved opcode 11', frame(11, ''), 1002],
  ['reserved bit 1', frame(1, 'x', { rsv: 1 }), 1002],
  ['reserved bit 2', frame(1, 'x', { rsv: 2 }), 1002],
  ['a ping of 126 bytes', frame(9, 'x'.repeat(126)), 1002],
  ['a ping in pieces', frame(9, 'x', { fin: false }), 1002],
  ['a continuation of nothing', frame(0, 'x'), 1002],
  ['a text inside a text', Buffer.concat([frame(1, 'x', { fin: false }), frame(1, 'x')]), 1002],
  ['a close of one byte', frame(8, Buffer.from([3])), 1002],
  ['a close with a forbidden code', frame(8, Buffer.from([0x03, 0xed])), 1002],
  ['a close whose reason is no UTF-8', frame(8, Buffer.from([0x03, 0xe8, 0xff])), 1007],
]
test.for(violations)('[S26] %s is closed', async ([, bytes, code]) => {
  const edge = await startEdge({ sockets: [{ path: '/v1/ws', open: () => {} }] })
  const raw = await openRawSocket(edge)
  raw.write(bytes)
  expect(await rawCloseCode(raw)).toBe(code)
})

test(
  '[S26] 30,000 malformed frames: the process lives, others are served, memory is flat',
  { timeout: 60_000 },
  async () => {
    const edge = await startProcess()
    const other = await open(edge)
    const junk = Buffer.alloc(200)
    const attack = async (sockets: number, each: number): Promise<void> => {
      for (let one = 0; one < sockets; one++) {
        const raw = await openRawSocket(edge)
        const closed = once(raw, 'close')
        for (let count = 0; count < each; count++) {
          const [, bytes] = violations[(one + count) % violations.length] ?? ['', junk]
          raw.write(count % 2 === 0 ? bytes : crypto.getRandomValues(junk))
        }
        raw.resume().end()
        await closed
      }
    }
    await attack(100, 100)
    const before = await edge.look()
    await attack(300, 100)
    expect((await edge.look()).rss - before.rss).toBeLessThan(16 * mib)
    other.socket.send('"still here"')
    expect(await other.next()).toBe('12')
    expect(edge.alive()).toBe(true)
  },
)

test('[S27] a flood of a million fragments of one byte is bounded', { timeout: 60_000 }, async () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const [major = 0, minor = 0] = (packages['node_modules/ws']?.version ?? '').split('.').map(Number)
  expect(major > 8 || (major === 8 && minor >= 21)).toBe(true)
  const edge = await startProcess()
  const before = await edge.look()
  const piece = frame(0, 'x', { fin: false })
  const many = Buffer.concat(Array.from({ length: 10_000 }, () => piece))
  let sent = 0
  let codes = 0
  while (sent < 1_000_000) {
    const raw = await openRawSocket(edge)
    const code = rawCloseCode(raw)
    raw.write(frame(1, 'x', { fin: false }))
    for (let part = 0; part < 10; part++) raw.write(many)
    sent += 100_000
    codes += (await code) === 1008 ? 1 : 0
  }
  expect(codes).toBeGreaterThan(0)
  expect((await edge.look()).rss - before.rss).toBeLessThan(50 * mib)
})
