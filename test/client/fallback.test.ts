import { describe, expect, test } from 'vitest'
import { closing } from '../tools/closing.ts'
import { fastEnv } from '../tools/env.ts'
import { answers } from '../tools/session.ts'
import { until } from '../tools/until.ts'
import { foldOf, follow, logOf, setUp, shownBy, untilIdle } from './harness.ts'

/** A page, as far as the client listens to one. */
const pretendPage = () => {
  const page = new EventTarget()
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const { addEventListener } = page
  Object.assign(globalThis, { document, addEventListener: addEventListener.bind(page) })
  closing(page, () => {
    Reflect.deleteProperty(globalThis, 'document')
    Reflect.deleteProperty(globalThis, 'addEventListener')
  })
  return {
    page,
    document,
    say: (type: string) => page.dispatchEvent(new Event(type)),
    show: () => document.dispatchEvent(new Event('visibilitychange')),
  }
}

describe('time that passes twenty times as fast', () => {
  test('[L4] fault 17: nobody says a word: doubted, then dead, then replaced', async () => {
    const { server, proxy, client } = await setUp()
    const one = client({ env: fastEnv(20) })
    await one.connect()
    const session = one.create()
    follow(session)
    await session.send('count to 200')
    proxy.halfOpen()
    await until(() => one.status.get().silentSince !== null, 'the doubt')
    expect(one.status.get().state).toBe('connected')
    await until(() => one.status.get().state !== 'connected', 'the end')
    await until(() => one.status.get().state === 'connected', 'the new link')
    await untilIdle(session, 1)
    expect(shownBy(session)).toEqual(foldOf(await logOf(server, session.id)))
  })

  test('[L9] a proxy that keeps event streams back: long-poll', async () => {
    const { server, proxy, client } = await setUp()
    proxy.rule((request) => (request.includes('live=sse') ? 'swallow' : 'pass'))
    const one = client({ transports: ['sse', 'long-poll'], env: fastEnv(20) })
    await one.connect()
    const session = one.create()
    follow(session)
    await session.send('hello')
    await until(() => one.status.get().transport === 'long-poll' && one.status.get().state === 'connected', 'long-poll')
    await untilIdle(session, 1)
    await session.send('hello again')
    await untilIdle(session, 2)
    expect(shownBy(session)).toEqual(foldOf(await logOf(server, session.id)))
  })

  test('a fetch without streams, as in React Native: long-poll', async () => {
    const { client } = await setUp()
    const one = client({
      transports: ['sse', 'long-poll'],
      env: fastEnv(20),
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (url.includes('live=sse')) {
          await response.body?.cancel()
          return { ok: true, status: 200, headers: response.headers, body: undefined } as unknown as Response
        }
        return response
      },
    })
    await one.connect()
    const session = one.create()
    follow(session)
    await session.send('hello')
    await untilIdle(session, 1)
    expect(one.status.get().transport).toBe('long-poll')
  })

  test('over HTTP, more sessions than a browser has connections are followed all the same', async () => {
    const { client } = await setUp()
    const one = client({ transports: ['sse'], env: fastEnv(20) })
    await one.connect()
    const sessions = Array.from({ length: 7 }, () => one.create())
    for (const session of sessions) follow(session)
    await Promise.all(sessions.map((session) => session.send('hello')))
    await Promise.all(sessions.map((session) => untilIdle(session, 1)))
    expect(new Set(sessions.map((session) => answers(session.state.get()))).size).toBe(1)
  })
})

describe('a page', () => {
  test('[L6] offline is told at once, what is written waits; online sends it once and in order', async () => {
    const { server, proxy, client } = await setUp()
    const { say } = pretendPage()
    const one = client()
    await one.connect()
    const session = one.create()
    follow(session)
    await session.send('hello')
    // As Chromium does it: the socket stays open, and nothing passes.
    proxy.stall('up', true)
    proxy.stall('down', true)
    say('offline')
    expect(one.status.get()).toMatchObject({ state: 'disconnected', offline: true })
    const sent = ['say one', 'say two', 'say three'].map((text) => session.send(text))
    expect(one.outbox.get().map(({ state }) => state)).toEqual(['queued', 'queued', 'queued'])
    proxy.heal()
    say('online')
    await Promise.all(sent)
    expect(one.status.get()).toMatchObject({ state: 'connected', offline: false, queued: 0 })
    await untilIdle(session, 4)
    expect(shownBy(session)).toEqual(foldOf(await logOf(server, session.id)))
  })

  test('[L6] a page that is seen again proves its link, or opens another', async () => {
    const { proxy, client } = await setUp()
    const { show, document } = pretendPage()
    const one = client({ env: fastEnv(20) })
    await one.connect()
    const opened = proxy.accepted()
    show()
    await until(() => one.status.get().latencyMs !== null, 'the proof')
    expect(proxy.accepted()).toBe(opened)
    proxy.halfOpen()
    document.visibilityState = 'hidden'
    show()
    document.visibilityState = 'visible'
    show()
    await until(() => proxy.accepted() > opened, 'another link')
    await until(() => one.status.get().state === 'connected', 'the link')
  })

  test('after disconnect a page is not listened to', async () => {
    const { proxy, client } = await setUp()
    const { say, show } = pretendPage()
    const one = client()
    await one.connect()
    one.disconnect()
    const opened = proxy.accepted()
    say('online')
    show()
    expect(one.status.get().state).toBe('disconnected')
    expect(proxy.accepted()).toBe(opened)
  })
})
