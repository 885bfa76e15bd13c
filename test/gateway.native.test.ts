import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event } from '../src/core/events.ts'
import { foldSession } from '../src/core/fold.ts'
import { emptySession, type SessionState } from '../src/core/session.ts'
import { demoText } from '../src/agents/demo/demo-agent.ts'
import { type Native, openNative } from './tools/native.ts'
import { answers } from './tools/session.ts'
import { start, type Started } from './tools/start.ts'

let server: Started
beforeAll(async () => {
  server = await start()
})
afterAll(() => server.stop())

let count = 0
const newId = (): string => `test-${process.pid}-${++count}`

const events = (native: Native, sub: string): readonly Event[] =>
  native.frames.flatMap((frame) => (frame.t === 'ev' && frame.sub === sub ? frame.e : []))

/** Follows a session until its turn has ended. */
const untilEnd = async (native: Native, sub: string): Promise<SessionState> => {
  await native.next('ev', (frame) => frame.sub === sub && frame.e.some((event) => event.type === 'turn.ended'))
  return foldSession(emptySession, events(native, sub))
}

const prompted = async (native: Native, text: string): Promise<string> => {
  const session = newId()
  native.send({ t: 'cmd', id: newId(), session, type: 'create', data: {} })
  await native.next('ack')
  native.send({ t: 'sub', id: session, session })
  await native.next('sub.ok')
  native.send({ t: 'cmd', id: newId(), session, type: 'prompt', data: { text } })
  await native.next('ack')
  return session
}

describe('a session over the native socket', () => {
  it('[W2] [E1] [E3] answers a prompt, event by event', async () => {
    const native = await openNative(server.url, { key: server.key })
    const session = await prompted(native, 'hello')
    const state = await untilEnd(native, session)
    expect(answers(state)).toBe(demoText('hello'))
    expect(state.usage).toMatchObject({ input: 10, output: 8 })
    expect(events(native, session).map(({ seq }) => seq)).toEqual(events(native, session).map((_, index) => index + 1))
    native.close()
  })

  it('[S3] [E2] a second device that joins in the middle gets the same text, without a hole', async () => {
    const first = await openNative(server.url, { key: server.key })
    const session = await prompted(first, 'count to 300')
    await first.next('ev', (frame) => frame.e.some((event) => event.type === 'text'))
    const second = await openNative(server.url, { key: server.key })
    second.send({ t: 'sub', id: session, session })
    const [a, b] = await Promise.all([untilEnd(first, session), untilEnd(second, session)])
    expect(answers(a)).toBe(demoText('count to 300'))
    expect(answers(b)).toBe(answers(a))
    for (const native of [first, second]) {
      const runs = native.frames.filter((frame) => frame.t === 'ev')
      for (const [i, run] of runs.entries()) if (i > 0) expect(run.prev).toBe(runs[i - 1]?.cursor)
      native.close()
    }
  })

  it('[W3] [W4] the same command again does nothing and answers as before; another body is refused', async () => {
    const native = await openNative(server.url, { key: server.key })
    const session = await prompted(native, 'hello')
    const id = newId()
    const command = { t: 'cmd', id, session, type: 'prompt', data: { text: 'hello' } }
    native.send(command)
    const first = await native.next('ack', (frame) => frame.id === id)
    native.send(command)
    expect(await native.next('ack', (frame) => frame.id === id)).toEqual({ ...first, dup: true })
    native.send({ ...command, data: { text: 'something else' } })
    expect(await native.next('err')).toMatchObject({ id, code: 'command_id_reused', retryable: false })
    const state = await server.gateway.state(session)
    expect(state.items.filter((item) => item.kind === 'message' && item.role === 'user')).toHaveLength(2)
    native.close()
  })

  it('[W5] a command that expects an older head is refused', async () => {
    const native = await openNative(server.url, { key: server.key })
    const session = await prompted(native, 'hello')
    const { seq } = await untilEnd(native, session)
    const cursor = native.frames.findLast((frame) => frame.t === 'ev')?.cursor
    native.send({ t: 'cmd', id: 'fresh', session, type: 'prompt', data: { text: 'hello' }, expect: cursor })
    await native.next('ack')
    native.send({ t: 'cmd', id: 'stale', session, type: 'prompt', data: { text: 'hello' }, expect: cursor })
    expect(await native.next('err')).toMatchObject({ id: 'stale', code: 'conflict' })
    expect(seq).toBeGreaterThan(0)
    native.close()
  })

  it('[S6] a reader that is 2 MiB behind is given the state, one that is less gets the events', async () => {
    const native = await openNative(server.url, { key: server.key, hello: { window: 0 } })
    const session = newId()
    native.send({ t: 'cmd', id: newId(), session, type: 'create', data: {} })
    await native.next('ack')
    const fill = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const data = { system_prompt: 'x'.repeat(90_000) }
        await server.gateway.say({ id: newId(), session, by: 'user:owner', type: 'update', data })
      }
    }
    await fill(20)
    native.send({ t: 'sub', id: 'near', session })
    expect(await native.next('sub.ok')).toMatchObject({ id: 'near', mode: 'replay' })
    await fill(20)
    native.send({ t: 'sub', id: 'far', session })
    expect(await native.next('sub.ok')).toMatchObject({ id: 'far', mode: 'snapshot', state: { id: session } })
    native.close()
  })

  it('[W6] making a session that is there already is refused and does not disturb its turn', async () => {
    const native = await openNative(server.url, { key: server.key })
    const session = await prompted(native, 'count to 200')
    native.send({ t: 'cmd', id: newId(), session, type: 'create', data: {} })
    expect(await native.next('err')).toMatchObject({ code: 'conflict', retryable: false })
    const state = await untilEnd(native, session)
    expect(answers(state)).toBe(demoText('count to 200'))
    expect(events(native, session).filter((event) => event.type === 'owner')).toHaveLength(1)
    native.close()
  })

  it('cancel ends the turn once, and what was said stays said', async () => {
    const native = await openNative(server.url, { key: server.key })
    const session = await prompted(native, 'count to 5000')
    await native.next('ev', (frame) => frame.e.some((event) => event.type === 'text'))
    native.send({ t: 'cmd', id: newId(), session, type: 'cancel', data: {} })
    const state = await untilEnd(native, session)
    expect(events(native, session).filter((event) => event.type === 'turn.ended')).toMatchObject([
      { outcome: 'cancelled' },
    ])
    expect(demoText('count to 5000').startsWith(answers(state))).toBe(true)
    expect(answers(state).length).toBeGreaterThan(0)
    expect(state.items.every((item) => item.kind !== 'message' || item.final)).toBe(true)
    native.close()
  })

  it('prompts that come meanwhile wait and run in order', async () => {
    const native = await openNative(server.url, { key: server.key })
    const session = await prompted(native, 'count to 100')
    for (const text of ['hello', 'hello'])
      native.send({ t: 'cmd', id: newId(), session, type: 'prompt', data: { text } })
    const ended = (): number => events(native, session).filter((event) => event.type === 'turn.ended').length
    while (ended() < 3) await native.next('ev')
    const order = events(native, session).filter(
      (event) => event.type === 'turn.started' || event.type === 'turn.ended',
    )
    expect(order.map(({ type }) => type)).toEqual([
      'turn.started',
      'turn.ended',
      'turn.started',
      'turn.ended',
      'turn.started',
      'turn.ended',
    ])
    native.close()
  })

  it('a question is answered once; the second answer is told so', async () => {
    const native = await openNative(server.url, { key: server.key })
    const session = await prompted(native, 'write a file')
    const run = await native.next('ev', (frame) => frame.e.some((event) => event.type === 'ask'))
    const ask = run.e.find((event) => event.type === 'ask')
    native.send({ t: 'cmd', id: 'yes', session, type: 'answer', data: { ask: ask?.ask, option: ask?.options[0]?.id } })
    native.send({
      t: 'cmd',
      id: 'no',
      session,
      type: 'answer',
      data: { ask: ask?.ask, option: ask?.options.at(-1)?.id },
    })
    expect(await native.next('err')).toMatchObject({ id: 'no', code: 'already_resolved' })
    const state = await untilEnd(native, session)
    expect(state.items.some((item) => item.kind === 'artifact')).toBe(true)
    native.close()
  })
})
