import { describe, expect, test } from 'vitest'
import { demoText } from '../../src/agents/demo/demo-agent.ts'
import type { Event } from '../../src/core/events.ts'
import { closing } from '../tools/closing.ts'
import { isUpgrade } from '../tools/proxy.ts'
import { seeded } from '../tools/seeded.ts'
import { answers } from '../tools/session.ts'
import { until } from '../tools/until.ts'
import { foldOf, follow, logOf, promptsIn, setUp, shownBy, untilIdle, updates } from './harness.ts'

describe('a client of a real gateway', () => {
  test('[C9] [W2] [W6] connects, makes a session, prompts, and shows the answer', async () => {
    const { server, client } = await setUp()
    const one = client()
    await one.connect()
    expect(one.status.get()).toMatchObject({ state: 'connected', transport: 'websocket', error: null })
    const session = one.create({ title: 'First' })
    follow(session)
    const ack = await session.send('hello')
    expect(ack.dup).toBe(false)
    await untilIdle(session, 1)
    expect(answers(session.state.get())).toBe(demoText('hello'))
    expect(session.state.get()).toMatchObject({ id: session.id, title: 'First' })
    expect(shownBy(session)).toEqual(foldOf(await logOf(server, session.id)))
    await until(() => one.status.get().latencyMs !== null, 'a latency')
    expect(one.outbox.get()).toEqual([])
  })

  test('[E3] events come each once, in order, and an iterator goes on where another stopped', async () => {
    const { server, client } = await setUp()
    const one = client()
    await one.connect()
    const session = one.create()
    await session.send('count to 50')
    const seen: Event[] = []
    for await (const event of session.events({ after: 0 })) {
      if (event.type === 'snapshot') throw new Error('a snapshot')
      seen.push(event)
      if (seen.length === 3) break
    }
    for await (const event of session.events({ after: 3 })) {
      if (event.type === 'snapshot') throw new Error('a snapshot')
      seen.push(event)
      if (event.type === 'turn.ended') break
    }
    expect(seen).toEqual((await logOf(server, session.id)).slice(0, seen.length))
  })

  test('[W3] a command with an id that was used answers as before', async () => {
    const { server, client } = await setUp()
    const one = client()
    await one.connect()
    const session = one.create()
    const first = await session.send('hello', { id: 'mine' })
    expect(await session.send('hello', { id: 'mine' })).toEqual({ ...first, dup: true })
    await expect(session.send('other', { id: 'mine' })).rejects.toMatchObject({ code: 'command_id_reused' })
    expect(one.outbox.get()).toMatchObject([{ id: 'mine', state: 'refused' }])
    expect(one.discard('mine')).toBe(true)
    expect(promptsIn(await logOf(server, session.id))).toEqual(['hello'])
  })

  test('approve: a question is answered once, everybody sees who was faster', async () => {
    const { client } = await setUp()
    const [one, two] = [client(), client()]
    await Promise.all([one.connect(), two.connect()])
    const session = one.create()
    await session.send('write a file')
    const other = two.session(session.id)
    for (const each of [session, other]) follow(each)
    const asked = () => other.state.get().items.find((item) => item.kind === 'ask')
    await until(() => asked() !== undefined, 'the question')
    await session.approve(asked()?.id ?? '', 'allow_once')
    await expect(other.approve(asked()?.id ?? '', 'deny')).rejects.toMatchObject({
      code: 'already_resolved',
      retryable: false,
    })
    await untilIdle(other, 1)
    await untilIdle(session, 1)
    expect(other.state.get()).toEqual(session.state.get())
    expect(asked()).toMatchObject({ resolved: { outcome: 'answered', option: 'allow_once' } })
  })

  test('stop: the turn ends as cancelled, what was said stays', async () => {
    const { client } = await setUp()
    const one = client()
    await one.connect()
    const session = one.create()
    follow(session)
    await session.send('count to 5000')
    await until(() => answers(session.state.get()).length > 20, 'some text')
    await session.stop()
    await untilIdle(session, 1)
    expect(session.state.get().items.at(-1)).toMatchObject({ kind: 'end', outcome: 'cancelled' })
    expect(demoText('count to 5000').startsWith(answers(session.state.get()))).toBe(true)
  })

  test('[S9] a session that is not there is told, and the connection stays', async () => {
    const { client } = await setUp()
    const one = client()
    await one.connect()
    await expect(one.session('nobody').ready()).rejects.toMatchObject({ code: 'not_found' })
    await expect(one.session('nobody').send('hello')).rejects.toMatchObject({ code: 'not_found' })
    await expect(one.session('nobody').events().next()).rejects.toMatchObject({ code: 'not_found' })
    expect(one.status.get().state).toBe('connected')
  })

  test('[A4] check 14: a wrong key stops at once: gray, one attempt, the text is kept', async () => {
    const { proxy, client } = await setUp()
    const one = client({ key: 'hf_wrong' })
    await expect(one.connect()).rejects.toMatchObject({ code: 'unauthorized', retryable: false })
    one.create()
    // No time is set for another try, so there is none: the link's own tests turn its clock.
    expect(proxy.accepted()).toBe(1)
    expect(one.status.get()).toMatchObject({ state: 'error', nextRetryAt: null, attempts: 0, queued: 1 })
    expect(one.outbox.get()).toHaveLength(1)
  })

  test('[A5] a ticket opens the socket, and a new one is asked for each time', async () => {
    const { server, proxy, client } = await setUp()
    let tickets = 0
    const ticket = async (): Promise<string> => {
      tickets += 1
      const response = await fetch(`${server.url}/v1/tickets`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.key}` },
      })
      return ((await response.json()) as { ticket: string }).ticket
    }
    const one = client({ key: '', ticket })
    await one.connect()
    proxy.cut()
    await until(() => one.status.get().state !== 'connected', 'the cut')
    await until(() => one.status.get().state === 'connected', 'the reconnect')
    expect(tickets).toBe(2)
  })

  test('signals: a wait is given up, a command that never left is taken back', async () => {
    const { client } = await setUp()
    const one = client()
    const stop = new AbortController()
    const sending = one.session('s').send('never', { signal: stop.signal })
    expect(one.outbox.get()).toHaveLength(1)
    stop.abort()
    await expect(sending).rejects.toMatchObject({ name: 'AbortError' })
    expect(one.outbox.get()).toEqual([])
    const gone = new AbortController()
    const following = one.session('s').events({ signal: gone.signal }).next()
    gone.abort()
    await expect(following).rejects.toMatchObject({ name: 'AbortError' })
  })
})

test.each(['websocket', 'sse'] as const)(
  '[W8] [W10] over %s: what the queue has no room for is sent later, in order; stop passes it',
  async (rung) => {
    const { server, client } = await setUp()
    const one = client({ transports: [rung], env: { random: () => 0.02 } })
    await one.connect()
    const session = one.create()
    follow(session)
    const texts = ['count to 5000', ...Array.from({ length: 22 }, (_, i) => `say ${i}`)]
    const sent = texts.map((text) => session.send(text))
    await until(() => one.outbox.get().some((slot) => slot.tries > 1), 'a full queue')
    await session.stop()
    await Promise.all(sent)
    await untilIdle(session, 23)
    const log = await logOf(server, session.id)
    expect(promptsIn(log)).toEqual(texts)
    expect(log.flatMap((event) => (event.type === 'turn.ended' ? [event.outcome] : []))).toEqual([
      'cancelled',
      ...texts.slice(1).map(() => 'complete'),
    ])
  },
)

describe('faults', () => {
  test('[W9] fault: offline: sessions and prompts are made without a server, and each is run once, in order', async () => {
    const { server, proxy, client } = await setUp()
    proxy.down(true)
    const one = client()
    one.connect().catch(() => {})
    const session = one.create({ title: 'Offline' })
    follow(session)
    const texts = ['hello', 'say hello', 'hello again']
    const sent = texts.map((text) => session.send(text))
    await until(() => one.status.get().attempts > 1, 'two failed tries')
    expect(one.status.get()).toMatchObject({ state: 'reconnecting', queued: 4 })
    proxy.heal()
    one.reconnect()
    await Promise.all(sent)
    await untilIdle(session, 3)
    expect(promptsIn(await logOf(server, session.id))).toEqual(texts)
    expect(shownBy(session)).toEqual(foldOf(await logOf(server, session.id)))
  })

  test('[W3] fault: cut between a command and its ack: it is run once', async () => {
    const { server, proxy, client } = await setUp()
    const one = client({ env: { random: () => 0.02 } })
    await one.connect()
    const session = one.create()
    await session.send('hello')
    for (let i = 0; i < 5; i++) {
      // The server gets the command, and nothing comes back.
      proxy.stall('down', true)
      const sent = session.send(`say ${i}`)
      await until(() => one.outbox.get()[0]?.state === 'sent', 'sent')
      await expect.poll(async () => promptsIn(await logOf(server, session.id))).toContain(`say ${i}`)
      proxy.cut()
      proxy.stall('down', false)
      expect(await sent).toMatchObject({ dup: true })
    }
    expect(promptsIn(await logOf(server, session.id))).toEqual(['hello', ...[0, 1, 2, 3, 4].map((i) => `say ${i}`)])
  })

  test('[E2] [E3] [S3] fault 16: cut again and again while it streams: no token lost, none doubled', async () => {
    const { server, proxy, client } = await setUp()
    const random = seeded(20_260)
    const one = client({ env: { random: () => random() * 0.05 } })
    await one.connect()
    const session = one.create()
    follow(session)
    const seen: number[] = []
    closing(
      one.subscribe(session.id, (told) => told.type === 'events' && seen.push(...told.events.map(({ seq }) => seq))),
      (stop) => stop(),
    )
    await session.send('count to 600')
    for (let cuts = 0; cuts < 8; cuts++) {
      const had = answers(session.state.get()).length
      proxy.cutAfter('down', Math.floor(random() * 3000))
      await until(() => one.status.get().state !== 'connected' || session.state.get().running === null, 'a cut')
      await until(() => answers(session.state.get()).length > had || session.state.get().turns > 0, 'more text')
      await until(() => one.status.get().state === 'connected', 'the link')
    }
    proxy.heal()
    await untilIdle(session, 1)
    const log = await logOf(server, session.id)
    expect(answers(session.state.get())).toBe(demoText('count to 600'))
    await until(() => seen.length >= log.length, 'all events')
    expect(seen).toEqual(log.map(({ seq }) => seq))
    expect(shownBy(session)).toEqual(foldOf(log))
  })

  test('[L4] [L6] fault 17: a half-open link is noticed, told, and replaced; nothing is lost', async () => {
    const { server, proxy, client } = await setUp()
    const one = client()
    await one.connect()
    const session = one.create()
    follow(session)
    await session.send('hello')
    await untilIdle(session, 1)
    proxy.halfOpen()
    const sent = session.send('count to 30')
    // What a page does when it becomes visible: 3 s to prove it.
    one.check()
    await sent
    await untilIdle(session, 2)
    expect(promptsIn(await logOf(server, session.id))).toEqual(['hello', 'count to 30'])
    expect(shownBy(session)).toEqual(foldOf(await logOf(server, session.id)))
  }, 20_000)

  test('fault: one byte at a time, and late: nothing changes', async () => {
    const { server, proxy, client } = await setUp()
    proxy.chunk(1)
    const one = client()
    await one.connect()
    const session = one.create()
    follow(session)
    await session.send('hello')
    await untilIdle(session, 1)
    expect(shownBy(session)).toEqual(foldOf(await logOf(server, session.id)))
  })

  test('[S6] 6,000 events behind: a state is caught up by a snapshot, an iterator gets every event all the same', async () => {
    const { server, client } = await setUp()
    const one = client()
    await one.connect()
    const session = one.create()
    await session.send('hello')
    await expect
      .poll(async () => (await logOf(server, session.id)).some((event) => event.type === 'turn.ended'))
      .toBe(true)
    const update = await updates(server, session.id)
    for (let i = 0; i < 6000; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, j) => update(i + j, `T${i + j}`)))
    const log = await logOf(server, session.id)
    expect(log.length).toBeGreaterThan(6000)
    let jumps = 0
    closing(
      one.subscribe(session.id, (told) => void (jumps += told.type === 'jumped' ? 1 : 0)),
      (stop) => stop(),
    )
    expect(await session.ready()).toBe(session.state.get())
    expect(shownBy(session)).toEqual(foldOf(log))
    await until(() => jumps === 1, 'the snapshot')
    const seen: number[] = []
    for await (const event of session.events({ after: 0 })) {
      seen.push(event.seq)
      if (event.type === 'snapshot' || event.seq === log.length) break
    }
    expect(seen).toEqual(log.map(({ seq }) => seq))
  }, 30_000)
})

test('[F1] [F4] an iterator that is not asked is sent no more than it can hold, and disturbs nobody', async () => {
  const { server, proxy, client } = await setUp()
  const one = client()
  await one.connect()
  const [busy, quiet] = [one.create(), one.create()]
  await Promise.all([busy.send('hello'), quiet.send('hello')])
  const events = busy.events({ after: 0 })
  await events.next()
  const before = proxy.bytes('down')
  const say = await updates(server, busy.id)
  const title = 'x'.repeat(500)
  for (let i = 0; i < 4000; i += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, j) => say(i + j, title)))
    await quiet.send(`say ${i}`)
  }
  // 2.6 MB were written; what was sent is what an iterator may hold, and the window of one that rests.
  expect(proxy.bytes('down') - before).toBeLessThan(1_500_000)
  const log = await logOf(server, busy.id)
  const seen = [1]
  for await (const event of events) {
    seen.push(event.seq)
    if (event.seq === log.length) break
  }
  expect(seen).toEqual(log.map(({ seq }) => seq))
}, 60_000)

describe('the ladder', () => {
  test('[L9] check 13: a network without WebSockets: SSE, the same chat; back to the WebSocket when it may', async () => {
    const { server, proxy, client } = await setUp()
    proxy.rule((request) => (isUpgrade(request) ? 'refuse' : 'pass'))
    const one = client({ env: { random: () => 0.02 } })
    await one.connect()
    expect(one.status.get()).toMatchObject({ state: 'connected', transport: 'sse' })
    const session = one.create()
    follow(session)
    await session.send('count to 100')
    await untilIdle(session, 1)
    expect(answers(session.state.get())).toBe(demoText('count to 100'))
    expect(shownBy(session)).toEqual(foldOf(await logOf(server, session.id)))
    await until(() => one.status.get().latencyMs !== null, 'a latency')
    expect(await session.send('hello', { id: 'twice' })).toMatchObject({ dup: false })
    expect(await session.send('hello', { id: 'twice' })).toMatchObject({ dup: true })
    await expect(session.send('other', { id: 'twice' })).rejects.toMatchObject({ code: 'command_id_reused' })
    proxy.heal()
    one.reconnect()
    await until(
      () => one.status.get().transport === 'websocket' && one.status.get().state === 'connected',
      'the WebSocket',
    )
    await session.send('hello again')
    await untilIdle(session, 3)
    expect(shownBy(session)).toEqual(foldOf(await logOf(server, session.id)))
  }, 20_000)

  test('[L9] a server that was away for a moment does not leave a client on SSE', async () => {
    const { proxy, client } = await setUp()
    proxy.rule((request) => (isUpgrade(request) ? 'refuse' : 'pass'))
    const one = client({ env: { random: () => 0.02 } })
    const connected = one.connect()
    await until(() => one.status.get().transport === 'sse', 'the fall')
    proxy.heal()
    await connected
    await until(
      () => one.status.get().transport === 'websocket' && one.status.get().state === 'connected',
      'the WebSocket',
    )
    expect(one.status.get().attempts).toBeGreaterThan(0)
  })

  test.each(['sse', 'long-poll'] as const)(
    '[H1] [H3] [H4] %s alone: streams, is cut, goes on, loses nothing',
    async (rung) => {
      const { server, proxy, client } = await setUp()
      const one = client({ transports: [rung], env: { random: () => 0.02 } })
      await one.connect()
      expect(one.status.get().transport).toBe(rung)
      const session = one.create()
      const seen: number[] = []
      follow(session)
      await session.send('count to 400')
      closing(
        one.subscribe(session.id, (told) => told.type === 'events' && seen.push(...told.events.map(({ seq }) => seq))),
        (stop) => stop(),
      )
      for (let cuts = 0; cuts < 3; cuts++) {
        const had = answers(session.state.get()).length
        await until(
          () => answers(session.state.get()).length > had || session.state.get().running === null,
          'more text',
        )
        proxy.cut()
      }
      await untilIdle(session, 1)
      const log = await logOf(server, session.id)
      await until(() => seen.length >= log.length, 'all events')
      expect(seen).toEqual(log.map(({ seq }) => seq))
      expect(shownBy(session)).toEqual(foldOf(log))
    },
    20_000,
  )

  test('[A4] a wrong key stops on the lower rungs too', async () => {
    const { client } = await setUp()
    const one = client({ key: 'hf_wrong', transports: ['sse', 'long-poll'] })
    await expect(one.connect()).rejects.toMatchObject({ code: 'unauthorized' })
    expect(one.status.get().state).toBe('error')
  })
})
