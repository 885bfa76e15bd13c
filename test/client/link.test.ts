import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServerFrame } from '../../src/core/frames.ts'
import { allRungs } from '../../src/client/ladder.ts'
import { stepLink, linkWake } from '../../src/client/link.ts'
import { newLink, type Link, type LinkEffect, type LinkInput, type LinkOptions } from '../../src/client/link-state.ts'
import { statusOf } from '../../src/client/status.ts'

const limits = { frame: 65_536, in_flight: 32, subscriptions: 100 }
const principal = { id: 'user:a', name: 'a', permissions: [] }
const welcome: ServerFrame = { t: 'welcome', v: 1, conn: 'c', server: 's', hb_ms: 20_000, principal, limits }
const bye = (more: object): ServerFrame => ({
  t: 'bye',
  code: 'draining',
  message: '',
  retryable: true,
  retry: true,
  ...more,
})

/** A link with a clock that is turned by hand. */
const drive = (options: Partial<LinkOptions> = {}) => {
  let link = newLink(options)
  let [now, random] = [1000, 0.5]
  const effects: LinkEffect[] = []
  const put = (input: LinkInput): readonly LinkEffect[] => {
    const [next, done] = stepLink(link, input, { now, random })
    link = next
    effects.push(...done)
    return done
  }
  /** Lets time pass, with every tick that falls due. */
  const pass = (ms: number): readonly LinkEffect[] => {
    const [end, from] = [now + ms, effects.length]
    for (let at = linkWake(link); at <= end; at = linkWake(link)) {
      now = Math.max(now, at)
      put({ type: 'tick' })
    }
    now = end
    return effects.slice(from)
  }
  const frame = (frame: ServerFrame, conn = link.conn) => put({ type: 'frame', conn, frame })
  const up = (): void => {
    put({ type: 'opened', conn: link.conn })
    frame(welcome)
  }
  const fail = (code = 1006) => put({ type: 'closed', conn: link.conn, code })
  /** Fails, and waits for the next try. */
  const retry = (code?: number): void => {
    fail(code)
    pass(link.retryAt - now)
  }
  const started = (): void => {
    put({ type: 'connect' })
    up()
  }
  return {
    link: () => link,
    now: () => now,
    effects,
    put,
    pass,
    frame,
    up,
    fail,
    retry,
    started,
    roll: (next: number) => (random = next),
    status: () => statusOf(link, 0, 0),
  }
}
const types = (effects: readonly LinkEffect[]) => effects.map(({ type }) => type)

describe('link', () => {
  test('[C9] [L5] is connected with welcome, not before, and pings at once', () => {
    const d = drive()
    expect(d.status().state).toBe('disconnected')
    expect(types(d.put({ type: 'connect' }))).toEqual(['open'])
    expect(types(d.put({ type: 'opened', conn: 1 }))).toEqual(['greet'])
    expect(d.status().state).toBe('connecting')
    expect(types(d.frame(welcome))).toEqual(['ping'])
    expect(d.status()).toMatchObject({ state: 'connected', transport: 'websocket', latencyMs: null, error: null })
    d.pass(45)
    d.frame({ t: 'pong', n: d.link().ping.n })
    expect(d.status().latencyMs).toBe(45)
  })

  test('[L5] latency is the median of the last five round trips', () => {
    const d = drive()
    d.started()
    for (const ms of [900, 10, 20, 30, 40, 50]) {
      d.pass(ms)
      d.frame({ t: 'pong', n: d.link().ping.n })
      d.pass(10_000 - ms)
    }
    expect(d.status().latencyMs).toBe(30)
  })

  test('[L2] answers a ping with its number', () => {
    const d = drive()
    d.started()
    expect(d.frame({ t: 'ping', n: 7 })).toEqual([{ type: 'pong', conn: 1, n: 7 }])
  })

  test('[L4] [L5] a silent link is doubted after 5 s of a late pong, dead after 30 s, and opened again', () => {
    const d = drive()
    d.started()
    const before = d.now()
    d.pass(4999)
    expect(d.status().silentSince).toBe(null)
    d.pass(1)
    expect(d.status()).toMatchObject({ state: 'connected', silentSince: before })
    d.pass(24_999)
    expect(d.status().state).toBe('connected')
    expect(types(d.pass(1))).toContain('close')
    expect(d.status()).toMatchObject({ state: 'reconnecting', attempts: 1 })
    expect(types(d.pass(500))).toEqual(['open'])
  })

  test('[L4] bytes that are no frame keep it alive', () => {
    const d = drive()
    d.started()
    for (let i = 0; i < 10; i++) {
      d.pass(29_000)
      d.put({ type: 'heard', conn: 1 })
    }
    expect(d.status().state).toBe('connected')
  })

  test('[L4] the limits follow the heartbeat of the server', () => {
    const d = drive()
    d.put({ type: 'connect' })
    d.put({ type: 'opened', conn: 1 })
    d.frame({ ...welcome, hb_ms: 2000 })
    d.pass(2999)
    expect(d.status().state).toBe('connected')
    d.pass(1)
    expect(d.status().state).toBe('reconnecting')
  })

  test('[L6] a look is answered within 3 s, or the link is opened again at once', () => {
    const d = drive()
    d.started()
    d.pass(100)
    expect(types(d.put({ type: 'look' }))).toEqual(['ping'])
    d.pass(1000)
    d.frame({ t: 'pong', n: d.link().ping.n })
    d.pass(5000)
    expect(d.status().state).toBe('connected')
    d.put({ type: 'look' })
    expect(types(d.pass(3000))).toEqual(['close', 'open'])
  })

  test('[L6] a look while it waits tries at once', () => {
    const d = drive()
    d.put({ type: 'connect' })
    d.roll(0.99)
    d.fail()
    expect(types(d.put({ type: 'look' }))).toEqual(['open'])
  })

  test('fault: offline is told at once, and is over with the answer to a ping sent since', () => {
    const d = drive()
    d.started()
    expect(types(d.put({ type: 'online', online: false }))).toEqual(['ping'])
    expect(d.status()).toMatchObject({ state: 'disconnected', offline: true })
    // It was on its way already.
    d.frame({ t: 'ping', n: 1 })
    d.frame({ t: 'pong', n: d.link().ping.n - 1 })
    expect(d.status()).toMatchObject({ state: 'disconnected', offline: true })
    d.frame({ t: 'pong', n: d.link().ping.n })
    expect(d.status()).toMatchObject({ state: 'connected', offline: false })
  })

  test('[L6] online again: prove it within 3 s', () => {
    const d = drive()
    d.started()
    d.put({ type: 'online', online: false })
    d.pass(2000)
    expect(types(d.put({ type: 'online', online: true }))).toEqual(['ping'])
    expect(types(d.pass(3000))).toEqual(['close', 'open'])
  })

  test('[L7] waits: 0 to 500 ms first, then full jitter over 500 ms doubling to 15 s, for ever', () => {
    const d = drive({ rungs: ['websocket'] })
    d.roll(0.999_999)
    d.put({ type: 'connect' })
    const waits: number[] = []
    for (let i = 0; i < 10; i++) {
      d.fail()
      waits.push(d.link().retryAt - d.now())
      d.pass(d.link().retryAt - d.now())
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000, 15_000])
    expect(d.status()).toMatchObject({ state: 'reconnecting', attempts: 10 })
  })

  test('[L7] attempts start again once it has been up for 5 s', () => {
    const d = drive()
    d.put({ type: 'connect' })
    d.fail()
    d.pass(500)
    d.up()
    d.pass(4999)
    expect(d.status().attempts).toBe(1)
    d.pass(1)
    expect(d.status().attempts).toBe(0)
  })

  test('[L7] stops after maxRetries, and comes back when asked, or when the network does', () => {
    const d = drive({ maxRetries: 2, rungs: ['websocket'] })
    d.put({ type: 'connect' })
    for (let i = 0; i < 3; i++) {
      d.fail()
      d.pass(2000)
    }
    expect(d.status()).toMatchObject({ state: 'disconnected', nextRetryAt: null })
    expect(d.pass(1e9)).toEqual([])
    expect(types(d.put({ type: 'online', online: true }))).toEqual(['open'])
  })

  test('[A4] [X2] a refusal stops: no retry, the reason stays', () => {
    const d = drive()
    d.put({ type: 'connect' })
    d.put({ type: 'opened', conn: 1 })
    d.frame(bye({ code: 'unauthorized', message: 'A valid key is needed', retry: false, retryable: false }))
    expect(d.status()).toMatchObject({ state: 'error', error: { code: 'unauthorized' }, nextRetryAt: null })
    expect(d.pass(1e9)).toEqual([])
    expect(types(d.put({ type: 'retry' }))).toEqual(['open'])
  })

  test('[X2] every close code of 4400 to 4999 stops, every other one is retried', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 4999 }), (code) => {
        const d = drive()
        d.started()
        d.put({ type: 'closed', conn: 1, code, reason: 'forbidden' })
        expect(d.status().state).toBe(code >= 4400 ? 'error' : 'reconnecting')
      }),
    )
  })

  test('[A6] a credential that ran out is renewed where one can be had, but not without end', () => {
    const d = drive({ renews: true })
    d.started()
    expect(types(d.frame({ t: 'auth.expiring', in_ms: 60_000 }))).toEqual(['renew'])
    d.fail(4401)
    expect(d.status().state).toBe('reconnecting')
    d.pass(500)
    d.fail(4401)
    expect(d.status().state).toBe('error')
  })

  test('[L8] draining: comes back when it is told to', () => {
    const d = drive()
    d.started()
    d.pass(6000)
    expect(types(d.frame(bye({ retry_after_ms: 734 })))).toEqual(['close'])
    expect(d.status()).toMatchObject({ state: 'reconnecting', restarting: true, nextRetryAt: d.now() + 734 })
    expect(types(d.pass(734))).toEqual(['open'])
    d.up()
    expect(d.status().restarting).toBe(false)
  })

  test('an opening that leads nowhere is given up after 10 s', () => {
    const d = drive()
    d.put({ type: 'connect' })
    expect(types(d.pass(10_000))).toEqual(['close'])
    expect(d.status().state).toBe('reconnecting')
  })

  test('what comes late from an old connection changes nothing', () => {
    const d = drive()
    d.started()
    d.fail()
    d.pass(500)
    const { conn } = d.link()
    for (const input of [
      { type: 'closed', conn: 1, code: 4401 },
      { type: 'opened', conn: 1 },
      { type: 'frame', conn: 1, frame: welcome },
    ] as const)
      expect(d.put(input)).toEqual([])
    expect(d.link()).toMatchObject({ phase: 'opening', conn })
  })

  test('disconnect closes and stays so; connect opens again', () => {
    const d = drive()
    d.started()
    expect(types(d.put({ type: 'disconnect' }))).toEqual(['close'])
    expect(d.pass(1e9)).toEqual([])
    expect(types(d.put({ type: 'connect' }))).toEqual(['open'])
  })
})

describe('ladder', () => {
  const fall = (d: ReturnType<typeof drive>): void => {
    for (let i = 0; i < 3; i++) d.retry()
  }

  test('[L9] after three openings without welcome: SSE; up again when a WebSocket works', () => {
    const d = drive()
    d.put({ type: 'connect' })
    fall(d)
    expect(d.effects.findLast((effect) => effect.type === 'open')).toMatchObject({ rung: 'sse' })
    d.put({ type: 'opened', conn: d.link().conn })
    d.frame(welcome)
    expect(d.status()).toMatchObject({ state: 'connected', transport: 'sse' })
    const main = d.link().conn
    expect(d.pass(0).findLast((effect) => effect.type === 'open')).toMatchObject({ rung: 'websocket' })
    const { probe } = d.link()
    d.put({ type: 'closed', conn: probe, code: 1006 })
    expect(d.status()).toMatchObject({ state: 'connected', transport: 'sse' })
    // A minute on, a probe that hangs is given up, and the next one works.
    for (let i = 0; i < 7; i++) {
      d.pass(10_000)
      d.put({ type: 'heard', conn: main })
    }
    for (let i = 0; i < 6; i++) {
      d.pass(10_000)
      d.put({ type: 'heard', conn: main })
    }
    const last = d.link().probe
    expect(last).toBeGreaterThan(probe)
    d.put({ type: 'opened', conn: last })
    const moved = d.frame(welcome, last)
    expect(moved).toContainEqual({ type: 'close', conn: main })
    expect(d.status()).toMatchObject({ state: 'connected', transport: 'websocket' })
    expect(d.link()).toMatchObject({ conn: last, probe: 0 })
  })

  test('[L9] [C3] a second welcome on the lower rung changes nothing, and leaves no probe behind', () => {
    const d = drive()
    d.put({ type: 'connect' })
    fall(d)
    d.up()
    d.pass(0)
    const { probe } = d.link()
    expect(probe).toBeGreaterThan(0)
    expect(d.frame(welcome)).toEqual([])
    expect(d.link().probe).toBe(probe)
  })

  test('[L9] a silent event stream leads to long-poll', () => {
    const d = drive()
    d.put({ type: 'connect' })
    fall(d)
    d.up()
    d.retry(3001)
    expect(d.link().rung).toBe('long-poll')
  })

  test('[L9] when HTTP does not answer either, the WebSocket is tried again', () => {
    const d = drive()
    d.put({ type: 'connect' })
    fall(d)
    const rungs: string[] = []
    for (let i = 0; i < 4; i++) {
      rungs.push(d.link().rung)
      d.retry()
    }
    expect(rungs).toEqual(['sse', 'websocket', 'sse', 'websocket'])
  })

  test('without a WebSocket it begins with SSE, and never probes', () => {
    const d = drive({ rungs: ['sse', 'long-poll'] })
    d.started()
    expect(d.status().transport).toBe('sse')
    for (let i = 0; i < 20; i++) {
      d.pass(10_000)
      d.put({ type: 'heard', conn: 1 })
    }
    expect(d.effects.filter(({ type }) => type === 'open')).toHaveLength(1)
  })
})

test('[L] any inputs: a tick at the time it asked for moves it on, and one connection is open at most, and one probe', () => {
  const conn = fc.integer({ min: 0, max: 12 })
  const input: fc.Arbitrary<LinkInput> = fc.oneof(
    fc.constantFrom<LinkInput>(
      { type: 'connect' },
      { type: 'disconnect' },
      { type: 'retry' },
      { type: 'look' },
      { type: 'online', online: true },
      { type: 'online', online: false },
    ),
    conn.map((conn) => ({ type: 'opened' as const, conn })),
    fc.record({ type: fc.constant('closed' as const), conn, code: fc.constantFrom(1006, 1012, 3001, 4000, 4401) }),
    conn.map((conn) => ({ type: 'heard' as const, conn })),
    fc.record({
      type: fc.constant('frame' as const),
      conn,
      frame: fc.constantFrom<ServerFrame>(
        welcome,
        { t: 'ping', n: 1 },
        { t: 'pong', n: 1 },
        bye({ retry_after_ms: 5 }),
      ),
    }),
  )
  const moves = fc.array(
    fc.tuple(fc.option(input), fc.integer({ min: 0, max: 40_000 }), fc.double({ min: 0, max: 0.999, noNaN: true })),
    { maxLength: 60 },
  )
  fc.assert(
    // Half of them begin on a lower rung, so that probes are common.
    fc.property(moves, fc.constantFrom(allRungs, allRungs.toReversed()), (list, rungs) => {
      let link: Link = newLink({ rungs })
      let now = 0
      const open = new Set<number>()
      const apply = (input: LinkInput, random: number): void => {
        if (input.type === 'closed') open.delete(input.conn)
        const [next, effects] = stepLink(link, input, { now, random })
        link = next
        for (const effect of effects) {
          if (effect.type === 'open') open.add(effect.conn)
          if (effect.type === 'close') open.delete(effect.conn)
        }
        const wanted = [link.conn, link.probe].filter((conn) => conn !== 0)
        expect([...open].sort()).toEqual(wanted.sort())
      }
      for (const [input, ms, random] of list) {
        const end = now + ms
        for (let ticks = 0; linkWake(link) <= end; ticks++) {
          expect(ticks).toBeLessThan(200)
          now = Math.max(now, linkWake(link))
          apply({ type: 'tick' }, random)
          expect(linkWake(link)).toBeGreaterThan(now - 1e-9)
        }
        now = end
        if (input !== null) apply(input, random)
      }
    }),
    { numRuns: 2000 },
  )
})
