import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAiCompatible, type OpenAiCompatibleOptions } from '../src/agents/openai-compatible/openai-compatible.ts'
import { retryAfterIn } from '../src/agents/openai-compatible/upstream-failure.ts'
import type { SaidByAgent } from '../src/core/events.ts'
import { Failure } from '../src/core/failures.ts'
import { systemEnv } from '../src/env.ts'
import { virtualEnv } from './tools/env.ts'
import { checkSpeech, eventsOfType, listen, testTurn, textIn } from './agents-turn.ts'
import type { Fault, Plan } from './fake-model/plan.ts'
import { type FakeModel, startFakeModel } from './fake-model/server.ts'

let fake: FakeModel
beforeAll(async () => {
  fake = await startFakeModel()
})
afterAll(() => fake.close())

const models = ['fake']

/** Runs a turn in virtual time: announced waits pass at once. */
const run = async (plans: readonly Plan[], options: Partial<OpenAiCompatibleOptions> = {}) => {
  const env = virtualEnv()
  const before = fake.requests.length
  fake.script(...plans)
  const agent = openAiCompatible({ env, baseUrl: fake.baseUrl, models, ...options })
  const waits: number[] = []
  const heard = await listen(agent, testTurn('hi'), (event) => {
    if (event.type !== 'status' || event.retry_in_ms === undefined) return
    waits.push(event.retry_in_ms)
    env.advance(event.retry_in_ms)
  })
  checkSpeech(heard.events)
  expect(env.timers(), '[I7] no timer is left').toBeLessThanOrEqual(1)
  return { ...heard, text: textIn(heard.events), waits, asked: fake.requests.length - before, env }
}

const status = (code: number, more: object = {}): Plan => ({ fault: { kind: 'status', status: code, ...more } })
const fault = (one: Fault): Plan => ({ text: 'one two three', fault: one })

describe('[fault 12] an error before the first token', () => {
  test.each([
    [429, 'upstream_rate_limited', 4],
    [500, 'upstream_error', 4],
    [502, 'upstream_error', 4],
    [503, 'upstream_overloaded', 4],
    [504, 'upstream_error', 4],
    [529, 'upstream_overloaded', 4],
    [408, 'timeout', 1],
    [400, 'upstream_rejected', 1],
    [401, 'upstream_unauthorized', 1],
    [402, 'upstream_rejected', 1],
    [403, 'upstream_unauthorized', 1],
    [404, 'model_not_found', 1],
    [413, 'upstream_rejected', 1],
    [422, 'upstream_rejected', 1],
    [301, 'upstream_rejected', 1],
    [204, 'upstream_rejected', 1],
  ])('%i is %s, asked %i times', async (code, expected, times) => {
    const { error, asked, text } = await run(Array.from({ length: times }, () => status(code)))
    expect(error).toMatchObject({ code: expected })
    expect(asked).toBe(times)
    expect(text).toBe('')
  })

  test.each([429, 500, 503, 529])('%i, then an answer: nothing is lost, every wait was said', async (code) => {
    const { text, error, waits, events } = await run([status(code), status(code), { text: 'here I am' }])
    expect(error).toBeUndefined()
    expect(text).toBe('here I am')
    // Full jitter with chance 0.5: half of 500, half of 1,000.
    expect(waits).toEqual([250, 500])
    expect(eventsOfType(events, 'status').at(-1)?.text, 'the status is taken back').toBe('')
  })

  test('Retry-After is obeyed, in seconds, as a date, and in ms', async () => {
    const { waits, text } = await run([
      status(429, { retryAfter: '7' }),
      status(503, { retryAfter: new Date(Date.UTC(2026, 0, 1, 0, 0, 20)).toUTCString() }),
      status(429, { headers: { 'retry-after-ms': '1500' } }),
      { text: 'ok' },
    ])
    expect(waits).toEqual([7125, 20_000 - 7125 + 125, 1625])
    expect(text).toBe('ok')
  })

  test('a Retry-After beyond the budget is told at once', async () => {
    const { error, waits, asked } = await run([status(429, { retryAfter: '3600' })])
    expect(error).toMatchObject({ code: 'upstream_rate_limited', retryAfterMs: 3_600_000 })
    expect([waits, asked]).toEqual([[], 1])
  })

  test('the budget holds over all tries', async () => {
    const tries = Array.from({ length: 4 }, () => status(429, { retryAfter: '25' }))
    const { waits, asked } = await run(tries)
    expect([waits.length, asked]).toEqual([2, 3])
    await drain()
  })

  test.each([
    ['insufficient_quota', 429, 'upstream_rejected'],
    ['context_length_exceeded', 400, 'upstream_rejected'],
    ['model_not_found', 400, 'model_not_found'],
  ])('the code %s counts more than the status', async (code, http, expected) => {
    const { error, asked } = await run([status(http, { code })])
    expect(error).toMatchObject({ code: expected })
    expect(asked).toBe(1)
  })

  test('404 without an error object is a wrong address', async () => {
    const { error } = await run([status(404, { body: '<h1>nginx</h1>' })])
    expect(error).toMatchObject({ code: 'upstream_rejected', message: expect.stringContaining('base URL') as string })
  })

  test.each([
    [{ type: 'overloaded_error', message: 'Overloaded' }, 'upstream_overloaded', 2],
    [{ type: 'rate_limit_error', message: 'Slow down' }, 'upstream_rate_limited', 2],
    [{ code: 503, message: 'busy' }, 'upstream_overloaded', 2],
    [{ message: 'what?' }, 'upstream_error', 2],
    [{ type: 'invalid_request_error', message: 'no' }, 'upstream_rejected', 1],
    [{ type: 'constructor', code: '__proto__', message: {} }, 'upstream_error', 2],
  ])('200, then the error event %o', async (error, code, times) => {
    const plan = fault({ kind: 'error-event', after: 0, error })
    const early = await run(times === 1 ? [plan] : [plan, { text: 'ok' }])
    expect(early.asked).toBe(times)
    expect(early.text).toBe(times === 1 ? '' : 'ok')
    const late = await run([fault({ kind: 'error-event', after: 3, error })])
    expect(late).toMatchObject({ text: 'one two', asked: 1, error: { code } })
  })

  test('refused connections are tried again, then told', async () => {
    const port = await freePort()
    const { error, waits } = await run([], { baseUrl: `http://127.0.0.1:${port}/v1` })
    expect(error).toMatchObject({
      code: 'upstream_unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    })
    expect(waits).toHaveLength(3)
  })

  test('a name that does not resolve', async () => {
    const { error } = await run([], { baseUrl: 'http://no-such-host.invalid/v1', retries: 0 })
    expect(error).toMatchObject({ code: 'upstream_unreachable' })
  })

  test('a connection closed without an answer is tried again', async () => {
    const { text, waits } = await run([fault({ kind: 'refuse' }), { text: 'ok' }])
    expect([text, waits.length]).toEqual(['ok', 1])
  })
})

/** Takes plans that were scripted and not used, so that the next test begins clean. */
const drain = async (): Promise<void> => {
  for (;;) {
    const marker = await run([], { retries: 0 })
    if (marker.text === 'You said: hi') return
  }
}

describe('[fault 11] a break in mid-answer', () => {
  test('100 resets: the text so far is kept and the failure is typed, never a second request after the first token', async () => {
    for (let at = 0; at < 100; at++) {
      const after = 1 + (at % 5)
      const { text, error, asked, events } = await run([fault({ kind: 'reset', after })], { retries: 0 })
      expect(error).toMatchObject({ code: 'upstream_reset' })
      expect('one two three'.startsWith(text)).toBe(true)
      expect(asked).toBe(1)
      expect(eventsOfType(events, 'message')).toHaveLength(text === '' ? 0 : 1)
    }
  })

  test.each<Fault>([{ kind: 'cut', after: 3 }, { kind: 'no-finish' }])(
    '%o: a stream without its end marker is a failure, and what was said stays',
    async (one) => {
      const { text, error, asked } = await run([fault(one)])
      expect(text).toBe(one.kind === 'cut' ? 'one two' : 'one two three')
      expect(error).toMatchObject({ code: 'upstream_reset' })
      expect(asked).toBe(1)
    },
  )

  test('an end without any answer is tried again', async () => {
    const { text } = await run([fault({ kind: 'cut', after: 0 }), { text: 'ok' }])
    expect(text).toBe('ok')
  })
})

/** ms of the coalescing window. */
const window = 40

describe('a kept connection', () => {
  test('that the server closes just as it is used again is replaced at once, without a word', async () => {
    const answer = 'data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
    let connections = 0
    const server = createServer((socket) => {
      connections++
      let asked = 0
      socket.on('error', () => {})
      socket.on('data', () => {
        if (asked++ > 0) socket.resetAndDestroy()
        else socket.write(`${head}content-length: ${answer.length}\r\n\r\n${answer}`)
      })
    })
    const baseUrl = `http://127.0.0.1:${await listening(server)}/v1`
    try {
      const first = await run([], { baseUrl })
      expect(first.text).toBe('ok')
      // The socket goes back to the pool a moment after the answer has ended.
      await expect
        .poll(async () => {
          const { text, waits, error } = await run([], { baseUrl })
          expect([text, waits, error]).toEqual(['ok', [], undefined])
          return connections
        })
        .toBeGreaterThan(1)
    } finally {
      server.close()
    }
  })

  test('[fault 11] a reset in mid-answer on one is not asked again', async () => {
    await run([{ text: 'warm' }])
    const { asked, error } = await run([fault({ kind: 'reset', after: 3 })], { retries: 0 })
    expect(asked).toBe(1)
    expect(error).toMatchObject({ code: 'upstream_reset' })
  })
})

describe('[fault 13] a stall', () => {
  const stalled = async (plan: Plan, limit: number, options: Partial<OpenAiCompatibleOptions> = {}) => {
    const env = virtualEnv()
    const before = fake.requests.length
    fake.script(plan)
    const agent = openAiCompatible({ env, baseUrl: fake.baseUrl, models, retries: 0, ...options })
    const events: SaidByAgent[] = []
    const heard = listen(agent, testTurn('hi'), (event) => events.push(event))
    const chunks = plan.fault !== undefined && 'after' in plan.fault ? plan.fault.after : 0
    await fake.until((requests) => requests.length > before && (requests[before]?.chunks ?? 0) >= chunks)
    // Every look lets one window of deltas out; the last word came a few looks ago at most.
    const slack = 20 * window
    const seen = (): number => eventsOfType(events, 'text').reduce((sum, { delta }) => sum + delta.length, 0)
    await expect.poll(() => (chunks === 0 || env.advance(window), seen())).toBe(chunks === 0 ? 0 : 'one two'.length)
    env.advance(limit - slack - 1)
    // That nothing happens can only be seen by waiting for it.
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(fake.requests[before]?.state, 'still waiting').toBe('open')
    env.advance(slack + 1)
    const { error } = await heard
    await fake.until((requests) => requests[before]?.state === 'aborted')
    checkSpeech(events)
    return { error, text: textIn(events), events }
  }

  test('after some words: the idle limit ends it, the words stay, the request is broken off', async () => {
    const { error, text } = await stalled(fault({ kind: 'stall', after: 3 }), 60_000)
    expect(error).toMatchObject({ code: 'timeout' })
    expect(text).toBe('one two')
  })

  test('keepalives are no progress', async () => {
    const { error } = await stalled(fault({ kind: 'stall', after: 3, keepaliveMs: 5 }), 60_000)
    expect(error).toMatchObject({ code: 'timeout' })
  })

  test('before the first token there is more time, and a word that the model may be loading', async () => {
    const { error, events } = await stalled({ headMs: 600_000 }, 300_000)
    expect(error).toMatchObject({ code: 'timeout' })
    expect(eventsOfType(events, 'status')[0]?.text).toContain('loading')
  })
})

describe('[fault 14] garbage', () => {
  test.each<[Fault, string, string]>([
    [{ kind: 'garbage', after: 3 }, 'upstream_garbage', 'one two'],
    [{ kind: 'garbage', after: 0 }, 'upstream_garbage', ''],
    [{ kind: 'raw', base64: Buffer.from('<html>hello</html>').toString('base64') }, 'upstream_garbage', ''],
    [{ kind: 'raw', base64: '' }, 'upstream_reset', ''],
    [{ kind: 'raw', base64: Buffer.from('data: 5\n\n').toString('base64') }, 'upstream_garbage', ''],
    [{ kind: 'raw', base64: Buffer.from('data: [DONE]\n\n').toString('base64') }, 'upstream_garbage', ''],
  ])('%o is %s', async (one, code, said) => {
    const { error, text } = await run([fault(one)], { retries: 0 })
    expect(error).toMatchObject({ code })
    expect(text).toBe(said)
  })

  test('a page instead of a stream', async () => {
    const { error } = await run([{ contentType: 'text/html' }])
    expect(error).toMatchObject({ code: 'upstream_garbage' })
  })

  test('JSON that is no completion', async () => {
    const { error } = await run([{ contentType: 'application/json', fault: { kind: 'raw', base64: btoa('{"a":1}') } }])
    expect(error).toMatchObject({ code: 'upstream_garbage' })
  })

  test('a byte that is not UTF-8 becomes U+FFFD', async () => {
    const { text } = await run([fault({ kind: 'invalid-utf8', after: 2 })])
    expect(text).toContain('\ufffd')
  })

  test('a line of 10 MB is broken off after the first one, and memory stays flat', async () => {
    const before = process.memoryUsage.rss()
    for (let time = 0; time < 5; time++) {
      const { error } = await run([fault({ kind: 'long-line', after: 1, bytes: 10_485_760 })], { retries: 0 })
      expect(error).toMatchObject({ code: 'upstream_garbage' })
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1_048_576)
  })

  test('a server that does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('220 smtp ready\r\n'))
    const port = await listening(server)
    try {
      const { error } = await run([], { baseUrl: `http://127.0.0.1:${port}/v1` })
      expect(error).toMatchObject({ code: 'upstream_garbage' })
    } finally {
      server.close()
    }
  })
})

describe('secrets and addresses', () => {
  const key = 'sk-proj-abcdefghijklmnop0123'

  test('[S41] a provider that echoes the key: nobody sees it', async () => {
    const message = `Incorrect API key provided: ${key}. Also Bearer ${key} and sk-proj-********0123, ${'x'.repeat(5000)}`
    const { error, events } = await run([status(401, { message })], { key })
    expect(error).toMatchObject({ code: 'upstream_unauthorized' })
    expect((error as Failure).message.length).toBeLessThan(300)
    const shown = JSON.stringify([events, (error as Failure).message])
    expect(shown).not.toMatch(/sk-proj|mnop0123|\*0123/)
    expect((error as Failure).message).toContain('[redacted]')
  })

  test('[S40] a redirect is not followed and the key goes nowhere else', async () => {
    const thief = await startFakeModel()
    try {
      const redirect = status(302, { headers: { location: `${thief.baseUrl}/chat/completions` } })
      const { error } = await run([redirect], { key })
      expect(error).toMatchObject({ code: 'upstream_rejected' })
      expect(thief.requests).toEqual([])
    } finally {
      await thief.close()
    }
  })

  test.each([
    'ftp://x/v1',
    'file:///etc/passwd',
    'http://user:pass@127.0.0.1/v1',
    'http://127.0.0.1/v1#x',
    'not a url',
    '',
  ])('[S36] %s is no base URL', (baseUrl) => {
    expect(() => openAiCompatible({ env: systemEnv, baseUrl })).toThrow(Failure)
  })

  test.each(['', 'a b', 'a\r\nx: y', 'kéy'])('%j is no key', (bad) => {
    expect(() => openAiCompatible({ env: systemEnv, baseUrl: 'http://127.0.0.1/v1', key: bad })).toThrow(Failure)
  })

  test('[S43] nothing in a base URL is expanded', async () => {
    process.env['HOLDFAST_TEST_SECRET'] = 'expanded'
    // eslint-disable-next-line no-template-curly-in-string
    await run([], { baseUrl: `${fake.url}/\${HOLDFAST_TEST_SECRET}/v1`, retries: 0 })
    expect(fake.requests.at(-1)?.path).toContain('HOLDFAST_TEST_SECRET')
  })
})

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1)
  test.each([
    ['5', 5000],
    ['0.5', 500],
    ['-3', undefined],
    ['soon', undefined],
    ['', undefined],
    ['999999999', 86_400_000],
    [new Date(now + 9000).toUTCString(), 9000],
    [new Date(now - 9000).toUTCString(), 0],
  ])('%s is %s ms', (value, ms) => {
    expect(retryAfterIn({ 'retry-after': value }, now)).toBe(ms)
  })
})

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const freePort = async (): Promise<number> => {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
