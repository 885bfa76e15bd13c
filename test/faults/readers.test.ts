import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openNative, type Native } from '../tools/native.ts'
import { until } from '../tools/until.ts'
import { check } from './checker.ts'
import { becomeCalm } from './calm.ts'
import { command, newSession, readLog, readState } from '../tools/http.ts'
import { player } from './player.ts'
import { seeded } from '../tools/seeded.ts'
import { closing, folder } from '../tools/closing.ts'
import { proxyTo, seedOf, serve } from './set-up.ts'

const fastServer = fileURLToPath(new URL('../tools/server-main.ts', import.meta.url))
const mib = 1024 * 1024

/** A server whose minutes take seconds. */
const fast = (speed: number) => serve({ main: [fastServer], flags: ['--speed', String(speed)] })

test('[I2] [F1] [F5] fault 15: a reader that takes nothing costs a cursor, is told and closed, and goes on where it was', async () => {
  const speed = 20
  const server = await fast(speed)
  const live = async (name: string, session: string): Promise<Native> => {
    const one = closing(await openNative(server.url, { key: server.key(), hello: { window: 0 } }), (mine) =>
      mine.close(),
    )
    // It lives, whether it reads or not: it says something now and then.
    const pings = setInterval(() => one.send({ t: 'ping', n: 1 }), 10_000 / speed)
    onTestFinished(() => clearInterval(pings))
    one.send({ t: 'sub', id: name, session })
    await one.next('live')
    return one
  }
  /** Six answers of 590 KB in deltas, and each again whole, go past everybody. What is held afterwards. */
  const stream = async (session: string): Promise<number> => {
    const quick = await live('quick', session)
    for (let count = 0; count < 6; count++) {
      await command(server, session, 'prompt', { text: 'count to 100000 at 100000/s' })
      await quick.next('ev', ({ e }) => e.some(({ type }) => type === 'turn.ended'))
    }
    const { heap } = await server.holding()
    quick.close()
    return heap
  }
  // The first time a process takes what it keeps for good.
  await stream(await newSession(server))
  const without = await stream(await newSession(server))
  const session = await newSession(server)
  // Each under a name of its own, so that nothing that waits for one could be shared with another.
  const slow = await Promise.all(Array.from({ length: 18 }, (_, index) => live(`slow ${index}`, session)))
  for (const one of slow) one.socket.pause()
  const held = (await stream(session)) - without
  const log = await readLog(server, session)
  const size = JSON.stringify(log).length
  // A minute of the server's, and what the bytes on their way would take at 16 KiB/s (F5); they are still to be read.
  await new Promise((resolve) => setTimeout(resolve, 100_000 / speed))
  for (const one of slow) one.socket.resume()
  const codes = await Promise.all(slow.map(async (one) => (await one.closed).code))
  console.log(
    `fault 15: ${(size / mib).toFixed(1)} MiB went past each of ${slow.length} readers that took nothing; ${(held / mib).toFixed(1)} MiB more are held than without them`,
  )
  expect(new Set(codes)).toEqual(new Set([4001]))
  for (const one of slow) expect(one.frames.at(-1)).toMatchObject({ t: 'bye', code: 'slow_consumer', retry: true })
  // Its buffer of 256 KiB and the one frame that went over it, not all that it did not take.
  expect(held / slow.length).toBeLessThan(size / 3)

  const copies = await Promise.all(
    slow.map(async ({ frames }, index) => {
      const runs = frames.flatMap((frame) => (frame.t === 'ev' ? [frame] : []))
      const rest = await readLog(server, session, runs.at(-1)?.cursor)
      return { name: `slow ${index}`, events: [...runs.flatMap(({ e }) => e), ...rest], current: true }
    }),
  )
  expect(check({ log, copies, calm: { ms: 0, waiting: 0 } })).toEqual([])
})

test('[I2] [L3] [L4] fault 16: both sides find out that a connection is half-open, and the reader misses nothing', async () => {
  const speed = 20
  const server = await fast(speed)
  const session = await newSession(server)
  const proxy = await proxyTo(server)
  const url = `http://127.0.0.1:${proxy.port}`
  const mine = closing(
    player({ name: 'client', url, key: server.key(), session, folder: await folder(), speed }),
    (one) => one.stop(),
  )
  await until(() => mine.connected(), 'the connection')
  const before = await server.holding()
  // The agent's clock is the server's.
  mine.say(`count to 2500 at ${500 / speed}/s`)
  for (let time = 0; time < 3; time++) {
    const seen = mine.seen()
    await until(() => mine.seen() > seen + 3, 'the answer streaming')
    const had = proxy.accepted()
    proxy.halfOpen()
    const since = performance.now()
    await until(() => proxy.accepted() > had && mine.connected(), 'a new connection')
    const found = (performance.now() - since) * speed
    console.log(`fault 16: found after ${(found / 1000).toFixed(0)} s of the client's clock`)
    // It hears nothing for 30 s and reopens (L4); a second that this machine is late is 20 of the client's.
    expect(found).toBeGreaterThan(20_000)
    expect(found).toBeLessThan(100_000)
  }
  const calm = await becomeCalm(server, session, [mine])
  const log = await readLog(server, session)
  expect(check({ log, copies: mine.copies(), said: mine.said(), calm })).toEqual([])
  // The server drops the dead ones too, after 45 s of its clock.
  let after = await server.holding()
  for (let tries = 0; tries < 100 && after.fds > before.fds + 1; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    after = await server.holding()
  }
  expect(check({ log, held: { before, after } })).toEqual([])
})

const runs = Number(process.env['HOLDFAST_TEST_CYCLES'] ?? 10)

test(
  `[I2] [I5] fault 17: delays, single bytes, stalls and cuts, ${runs} runs`,
  { timeout: 60_000 + runs * 10_000 },
  async () => {
    const random = seeded(seedOf('fault 17'))
    const below = (most: number): number => Math.floor(random() * most)
    const server = await serve({ flags: ['--connections-per-key', '1000'] })
    const run = async (number: number): Promise<void> => {
      const session = await newSession(server)
      const proxy = await proxyTo(server)
      const name = `run ${number}`
      const url = `http://127.0.0.1:${proxy.port}`
      const rung = (['websocket', 'sse', 'websocket', 'long-poll'] as const)[number % 4] ?? 'websocket'
      const mine = closing(
        player({ name, url, key: server.key(), session, folder: await folder(), transports: [rung] }),
        (one) => one.stop(),
      )
      mine.say('count to 900 at 600/s')
      for (let fault = 0; fault < 6; fault++) {
        const what = below(6)
        if (what === 0) proxy.delay(() => below(60))
        if (what === 1) proxy.chunk(1 + below(3))
        if (what === 2) proxy.stall('down', true)
        if (what === 3) proxy.stall('up', true)
        if (what === 4) proxy.cut()
        if (what === 5) proxy.cutAfter(below(2) === 0 ? 'up' : 'down', below(500))
        if (below(3) === 0) mine.say(`count to ${10 + below(50)} at 500/s`)
        await new Promise((resolve) => setTimeout(resolve, below(150)))
        if (below(2) === 0) proxy.heal()
      }
      proxy.heal()
      const calm = await becomeCalm(server, session, [mine])
      const log = await readLog(server, session)
      expect(
        check({ log, copies: mine.copies(), said: mine.said(), calm, snapshots: [await readState(server, session)] }),
      ).toEqual([])
      mine.stop()
    }
    // A few at a time: they wait more than they work.
    for (let first = 0; first < runs; first += 5)
      await Promise.all(Array.from({ length: Math.min(5, runs - first) }, (_, index) => run(first + index)))
  },
)

const pauses = Math.min(100, Number(process.env['HOLDFAST_TEST_CYCLES'] ?? 5))

test(
  `[I1] [I2] [I3] [I4] [I5] [I6] fault 5: the process is stopped and goes on (a paused machine), ${pauses} times`,
  { timeout: 60_000 + pauses * 10_000 },
  async () => {
    const random = seeded(seedOf('fault 5'))
    const server = await serve()
    const session = await newSession(server)
    const players = await Promise.all(
      ['one', 'two'].map(async (name) =>
        closing(
          player({ name, url: server.url, key: server.key(), session, folder: await folder(), speed: 20 }),
          (one) => one.stop(),
        ),
      ),
    )
    const [one] = players
    for (let pause = 0; pause < pauses; pause++) {
      const seen = one?.seen() ?? 0
      one?.say(`count to ${300 + pause} at 300/s`)
      await until(() => (one?.seen() ?? 0) > seen + 3, 'the answer streaming')
      server.signal('SIGSTOP')
      // Said while nobody listens; the clients' clocks run fast enough to give the connection up in the longer ones.
      one?.say(`count to ${10 + pause} at 300/s`)
      await new Promise((resolve) => setTimeout(resolve, 100 + random() ** 2 * 2900))
      server.signal('SIGCONT')
    }
    const calm = await becomeCalm(server, session, players)
    const log = await readLog(server, session)
    const [copies, said] = [players.flatMap((each) => each.copies()), players.flatMap((each) => each.said())]
    expect(check({ log, copies, said, calm })).toEqual([])
    expect(said.filter(({ outcome }) => outcome === 'acked')).toHaveLength(2 * pauses)
  },
)
