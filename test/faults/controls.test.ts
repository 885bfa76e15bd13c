import { fileURLToPath } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { SessionState } from '../../src/core/session.ts'
import { openNative } from '../tools/native.ts'
import type { Machine } from '../tools/process.ts'
import { until } from '../tools/until.ts'
import { becomeCalm } from './calm.ts'
import { check, type Goodbye, type History, type Rule, type Said } from './checker.ts'
import { newSession, readLog } from '../tools/http.ts'
import { naiveReader, type Mistake } from './naive-reader.ts'
import { player } from './player.ts'
import type { SwitchName } from './switches.ts'
import { closing, folder } from '../tools/closing.ts'
import { serve } from './set-up.ts'

const main = [fileURLToPath(new URL('broken-server.ts', import.meta.url))]
const broken = (name: SwitchName): Promise<Machine> => serve({ main, flags: ['--break', name] })

/** A reader streams, the server is killed in the middle and comes back. */
const crash = async (name: SwitchName): Promise<History> => {
  const server = await broken(name)
  const session = await newSession(server)
  const { url } = server
  const mine = closing(player({ name: 'client', url, key: server.key(), session, folder: await folder() }), (one) =>
    one.stop(),
  )
  mine.say('count to 2000 at 1000/s')
  await until(() => mine.seen() > 12, 'the answer streaming')
  await server.kill()
  await server.start()
  const calm = await becomeCalm(server, session, [mine], name === 'none' ? 10_000 : 1000)
  return { log: await readLog(server, session), copies: mine.copies(), said: mine.said(), calm }
}

/** Commands sent twice, a snapshot in mid-answer, a socket that is closed for what it said; nobody is killed. */
const talk = async (name: SwitchName): Promise<History> => {
  const server = await broken(name)
  const session = await newSession(server)
  const socket = closing(await openNative(server.url, { key: server.key() }), (one) => one.close())
  const said: Said[] = []
  const prompt = async (text: string): Promise<void> => {
    const id = crypto.randomUUID()
    const command = { t: 'cmd', id, session, type: 'prompt', data: { text } }
    for (let time = 0; time < 2; time++) {
      socket.send(command)
      await socket.next('ack', (frame) => frame.id === id)
    }
    said.push({ id, type: 'prompt', text, outcome: 'acked' })
  }
  await prompt('count to 40 at 200/s')
  socket.send({ t: 'sub', id: 's', session, from: 'snapshot' })
  const { state } = await socket.next('sub.ok')
  await prompt('hello')
  const ended = said.length + (name === 'forgets commands' ? 2 : 0)
  let ends = 0
  while (ends < ended) ends += (await socket.next('ev')).e.filter((event) => event.type === 'turn.ended').length

  socket.send({ t: 'nonsense' })
  const { code } = await socket.closed
  const told = socket.frames.flatMap((frame) => (frame.t === 'bye' ? [frame.code] : []))
  const goodbyes: readonly Goodbye[] = [{ name: 'socket', code, told }]
  return { log: await readLog(server, session), said, snapshots: [state as SessionState], goodbyes }
}

/** Many readers come and go. */
const come = async (name: SwitchName): Promise<History> => {
  const server = await broken(name)
  const session = await newSession(server)
  const visit = async (): Promise<void> => {
    const socket = await openNative(server.url, { key: server.key() })
    socket.send({ t: 'sub', id: 's', session })
    await socket.next('live')
    socket.close()
    await socket.closed
  }
  await visit()
  const before = await server.holding()
  for (let count = 0; count < 100; count++) await visit()
  return { log: await readLog(server, session), held: { before, after: await server.holding() } }
}

/** A reader of one's own, whose connection breaks off while it reads. */
const read = async (mistake: Mistake): Promise<History> => {
  const server = await broken('none')
  const session = await newSession(server)
  const reader = closing(await naiveReader(server, session, mistake), (one) => one.leave())
  const socket = closing(await openNative(server.url, { key: server.key() }), (one) => one.close())
  socket.send({ t: 'cmd', id: 'p', session, type: 'prompt', data: { text: 'count to 150 at 300/s' } })
  await until(() => reader.copy().events.length > 5, 'the answer streaming')
  reader.leave()
  // The log moves on while it is away.
  while ((await readLog(server, session)).length <= reader.copy().events.length + 1) await wait(10)
  await reader.comeBack()
  socket.send({ t: 'sub', id: 's', session })
  await socket.next('ev', ({ e }) => e.some((event) => event.type === 'turn.ended'))
  const log = await readLog(server, session)
  await until(() => reader.copy().events.length >= log.length, 'the reader', 300).catch(() => undefined)
  return { log, copies: [reader.copy()], calm: { ms: 0, waiting: 0 } }
}

const rulesOf = (history: History): readonly Rule[] => [...new Set(check(history).map(({ rule }) => rule))]

describe('a server and a reader that keep the rules pass', () => {
  test('through a crash', async () => expect(check(await crash('none'))).toEqual([]))
  test('through repetitions, snapshots and refusals', async () => expect(check(await talk('none'))).toEqual([]))
  test('through many visits', async () => expect(check(await come('none'))).toEqual([]))
  test('through a broken connection', async () => expect(check(await read('none'))).toEqual([]))
})

describe('negative controls: a rule that is broken is noticed', () => {
  test('[I1] a server that tells before it commits', async () =>
    expect(rulesOf(await crash('tells before commit'))).toContain('I1'))
  test('[I4] a server that does not end what a crash left open', async () =>
    expect(rulesOf(await crash('forgets ends'))).toContain('I4'))
  test('[I3] a server that forgets what it has done', async () =>
    expect(rulesOf(await talk('forgets commands'))).toContain('I3'))
  test('[I6] a server that goes on writing after another took over', async () =>
    expect(rulesOf(await talk('has no fence'))).toContain('I6'))
  test('[I8] a server that closes without a word', async () =>
    expect(rulesOf(await talk('says nothing'))).toContain('I8'))
  test('[I9] a server whose snapshots lack something', async () =>
    expect(rulesOf(await talk('loses items'))).toContain('I9'))
  test('[I7] a server that lets nothing go', async () => expect(rulesOf(await come('leaks'))).toContain('I7'))
  test('[I2] a reader that shows again what it has', async () =>
    expect(rulesOf(await read('keeps no cursor'))).toContain('I2'))
  test('[I2] a reader that goes on at the head', async () =>
    expect(rulesOf(await read('skips to the head'))).toContain('I2'))
  test('[I5] a reader that does not come back', async () =>
    expect(rulesOf(await read('does not come back'))).toContain('I5'))
})
