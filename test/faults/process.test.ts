import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openNative } from '../tools/native.ts'
import { until } from '../tools/until.ts'
import { becomeCalm } from './calm.ts'
import { check } from './checker.ts'
import { ask, command, newSession, readLog } from '../tools/http.ts'
import { need } from '../tools/needs.ts'
import { fakeClock, memoryGroup } from './needs.ts'
import { player } from './player.ts'
import { closing, folder } from '../tools/closing.ts'
import { serve } from './set-up.ts'

const mib = 1024 * 1024

test('[L8] [I3] [I4] fault 29: SIGTERM drains: running turns get their time, then end as interrupted; clients come back', async () => {
  const server = await serve({ flags: ['--drain-ms', '1500'] })
  const [short, long] = [await newSession(server), await newSession(server)]
  const mine = closing(
    player({ name: 'client', url: server.url, key: server.key(), session: long, folder: await folder() }),
    (one) => one.stop(),
  )
  const sockets = await Promise.all(
    Array.from({ length: 8 }, async () =>
      closing(await openNative(server.url, { key: server.key() }), (one) => one.close()),
    ),
  )
  const [first] = sockets
  first?.send({ t: 'sub', id: 's', session: short })
  await command(server, short, 'prompt', { text: 'count to 150 at 200/s' })
  mine.say('count to 100000 at 200/s')
  await first?.next('ev', ({ e }) => e.some(({ type }) => type === 'text'))
  await until(() => mine.seen() > 6, 'both answers streaming')
  const before = performance.now()
  server.signal('SIGTERM')
  // While it drains: it says that it is not ready, and takes no new prompt, by name.
  while ((await ask(server, '/readyz')).status !== 503) await wait(10)
  first?.send({ t: 'cmd', id: 'late', session: short, type: 'prompt', data: { text: 'hello' } })
  expect(await first?.next('err', ({ id }) => id === 'late')).toMatchObject({ code: 'draining', retryable: true })
  const exit = await server.ended()
  console.log(`fault 29: gone after ${(performance.now() - before).toFixed(0)} ms`)
  expect(exit).toEqual({ code: 0, signal: null })

  const byes = sockets.map(({ frames }) => frames.at(-1))
  const codes = await Promise.all(sockets.map(async ({ closed }) => (await closed).code))
  expect(new Set(codes)).toEqual(new Set([1012]))
  for (const bye of byes) expect(bye).toMatchObject({ t: 'bye', code: 'draining', retry: true })
  const delays = byes.map((bye) => (bye?.t === 'bye' ? (bye.retry_after_ms ?? -1) : -1))
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(0)
  expect(new Set(delays).size).toBeGreaterThan(4)

  mine.say('hello')
  await server.start()
  const calm = await becomeCalm(server, long, [mine])
  const [shortLog, longLog] = [await readLog(server, short), await readLog(server, long)]
  expect(shortLog.findLast(({ type }) => type === 'turn.ended')).toMatchObject({ outcome: 'complete' })
  expect(longLog.find(({ type }) => type === 'turn.ended')).toMatchObject({ outcome: 'interrupted', code: 'shutdown' })
  const goodbyes = sockets.map((_, index) => ({ name: `socket ${index}`, code: codes[index] ?? 0, told: ['draining'] }))
  expect(check({ log: shortLog, goodbyes })).toEqual([])
  expect(check({ log: longLog, copies: mine.copies(), said: mine.said(), calm })).toEqual([])
})

test('[I2] [I4] fault 18: the wall clock jumps three days back and an hour ahead, and only what people read shows it', async (context) => {
  const file = join(await folder(), 'clock')
  writeFileSync(file, '+0')
  const { env } = need(context, fakeClock(file))
  const server = await serve({ env })
  const session = await newSession(server)
  const mine = closing(
    player({ name: 'client', url: server.url, key: server.key(), session, folder: await folder() }),
    (one) => one.stop(),
  )
  const socket = closing(await openNative(server.url, { key: server.key() }), (one) => one.close())
  const ticket = async (): Promise<string> => {
    const headers = { 'content-type': 'application/json' }
    const answer = await ask(server, '/v1/tickets', { method: 'POST', headers, body: '{}' })
    return ((await answer.json()) as { readonly ticket: string }).ticket
  }
  mine.say('count to 1200 at 400/s')
  await until(() => mine.seen() > 4, 'the answer streaming')
  const early = await ticket()
  for (const jump of ['-3d', '+1h', '+0', '-3d']) {
    writeFileSync(file, jump)
    // A turn goes on, events keep their order, timers keep their time, whatever the clock on the wall shows.
    const seen = mine.seen()
    await until(() => mine.seen() > seen + 5, `the answer going on at ${jump}`)
    mine.say(`hello at ${jump}`)
  }
  writeFileSync(file, '+1h')
  // A ticket lives 30 s of the clock that does not jump; one made an hour "ago" is still good, once.
  const late = await ticket()
  for (const auth of [early, late]) {
    const visitor = closing(await openNative(server.url, { hello: { auth } }), (one) => one.close())
    expect(visitor.frames.some(({ t }) => t === 'welcome')).toBe(true)
  }
  socket.send({ t: 'ping', n: 7 })
  await socket.next('pong')
  const calm = await becomeCalm(server, session, [mine])
  await server.kill()
  await server.start()
  const log = await readLog(server, session)
  expect(check({ log, copies: mine.copies(), said: mine.said(), calm })).toEqual([])
  // That the clock did jump is seen in what is for people.
  const times = log.map(({ at }) => at)
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(72 * 3_600_000)
  expect(log.flatMap((event) => (event.type === 'turn.ended' ? [event.outcome] : []))).toEqual(
    Array(5).fill('complete'),
  )
})

test('[I1] [I2] [I3] [I4] [I5] fault 28: the kernel kills it for want of memory', async (context) => {
  const group = need(context, memoryGroup())
  closing(group, (one) => one.remove())
  const server = await serve({ before: group.before })
  const session = await newSession(server)
  const mine = closing(
    player({ name: 'client', url: server.url, key: server.key(), session, folder: await folder() }),
    (one) => one.stop(),
  )
  mine.say('count to 3000 at 500/s')
  await until(() => mine.seen() > 6, 'the answer streaming')
  group.limit(group.used() + 10 * mib)
  // Many long answers at once take more than is left.
  const hungry = Promise.all(
    Array.from({ length: 30 }, async () =>
      command(server, await newSession(server), 'prompt', { text: 'count to 100000 at 100000/s' }),
    ),
  ).catch(() => undefined)
  mine.say('hello')
  const { signal } = await server.ended()
  await hungry
  group.limit(0)
  expect(signal).toBe('SIGKILL')
  const ready = await server.start()
  console.log(`fault 28: back after ${ready.toFixed(0)} ms`)
  const calm = await becomeCalm(server, session, [mine])
  await server.kill()
  await server.start()
  expect(check({ log: await readLog(server, session), copies: mine.copies(), said: mine.said(), calm })).toEqual([])
})
