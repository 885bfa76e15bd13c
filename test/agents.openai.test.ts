import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openAiCompatible } from '../src/agents/openai-compatible/openai-compatible.ts'
import { conversationOf } from '../src/agents/openai-compatible/conversation.ts'
import { place } from '../src/core/batch.ts'
import type { Said } from '../src/core/events.ts'
import { foldSession } from '../src/core/fold.ts'
import { emptySession } from '../src/core/session.ts'
import { systemEnv } from '../src/env.ts'
import { virtualEnv } from './tools/env.ts'
import { checkSpeech, eventsOfType, listen, testTurn, textIn, type TurnOptions } from './agents-turn.ts'
import { type FakeModel, startFakeModel } from './fake-model/server.ts'

let fake: FakeModel
beforeAll(async () => {
  fake = await startFakeModel()
})
afterEach(() => fake.otherwise({}))
afterAll(() => fake.close())

const run = async (prompt: string, options: TurnOptions = {}) => {
  const before = fake.requests.length
  const agent = openAiCompatible({ env: systemEnv, baseUrl: fake.baseUrl, key: 'secret-key-0123456789' })
  const heard = await listen(agent, testTurn(prompt, options))
  checkSpeech(heard.events)
  return { ...heard, text: textIn(heard.events), requests: fake.requests.slice(before) }
}

describe('an answer', () => {
  test('streams: text, usage, one request with what the server needs', async () => {
    fake.script({ text: ['Hel', 'lo ', 'there'], usage: { input: 7, output: 3 } })
    const { text, events, requests, error } = await run('hi', { model: 'fake-small' })
    expect(error).toBeUndefined()
    expect(text).toBe('Hello there')
    expect(eventsOfType(events, 'usage')).toEqual([{ type: 'usage', input: 7, output: 3 }])
    expect(requests).toMatchObject([
      {
        path: '/v1/chat/completions',
        headers: { authorization: 'Bearer secret-key-0123456789' },
        body: {
          model: 'fake-small',
          messages: [{ role: 'user', content: 'hi' }],
          stream: true,
          stream_options: { include_usage: true },
        },
      },
    ])
  })

  test('is there before the model has finished', async () => {
    fake.script({ text: ['first ', 'second'], fault: { kind: 'stall', after: 1 } })
    const turn = testTurn('hi')
    const agent = openAiCompatible({ env: systemEnv, baseUrl: fake.baseUrl })
    const { events } = await listen(agent, turn, (event) => {
      if (event.type === 'text') turn.cancel()
    })
    expect(textIn(events)).toBe('first ')
  })

  test.each(['reasoning', 'reasoning_content'] as const)('%s is thinking, before the text', async (reasoningField) => {
    fake.script({ thinking: ['let me ', 'see'], text: 'done', reasoningField })
    const { events } = await run('hi')
    expect(eventsOfType(events, 'message')[0]?.parts).toEqual([
      { type: 'thinking', text: 'let me see' },
      { type: 'text', text: 'done' },
    ])
  })

  test('without usage nothing is counted', async () => {
    fake.script({ text: 'x', usage: null })
    expect(eventsOfType((await run('hi')).events, 'usage')).toEqual([])
  })

  test.each([
    ['length', 'output_limit'],
    ['content_filter', 'refused'],
  ])('that ends by %s keeps what was said and ends as %s', async (finish, code) => {
    fake.script({ text: 'x', finish })
    const { text, error } = await run('hi')
    expect(text).toBe('x')
    expect(error).toMatchObject({ code, retryAfterMs: undefined })
  })

  test('that comes whole although a stream was asked for is taken', async () => {
    const whole = { choices: [{ message: { content: 'all at once' }, finish_reason: 'stop' }] }
    fake.script({
      contentType: 'application/json',
      fault: { kind: 'raw', base64: Buffer.from(JSON.stringify(whole)).toString('base64') },
    })
    expect((await run('hi')).text).toBe('all at once')
  })

  test.each([1, 2, 3, 7, 64])('[fault 26] cut into %i bytes at a time it is the same', async (bytesAtATime) => {
    const text = 'Grüße 世界 👩‍👩‍👧 𝒳 done'
    fake.script({ text: [text.slice(0, 10), text.slice(10)], bytesAtATime })
    expect((await run('hi')).text).toBe(text)
  })

  test('[S25] a surrogate pair split over two deltas is put together; half of one becomes U+FFFD', async () => {
    fake.script({ text: ['a\ud83d', '\ude00b', '\ud83d', 'c', 'd\udc00'] })
    expect((await run('hi')).text).toBe('a😀b\ufffdcd\ufffd')
  })

  test('[fault 14] tool calls nobody offered: failed tools with ids of our own, also when theirs repeat or lack', async () => {
    fake.script({
      text: 'well',
      toolCalls: [
        { name: 'rm', arguments: '{"path":"/"}', id: 'same', index: 0 },
        { name: 'rm', arguments: '{"path":"/"}', id: 'same', index: 1 },
        { name: 'ls', arguments: '', id: null, index: 2 },
        { name: 'deep', arguments: '['.repeat(5000) + ']'.repeat(5000), index: 3 },
      ],
    })
    const { events, error } = await run('hi')
    expect(error).toBeUndefined()
    const tools = eventsOfType(events, 'tool')
    expect(tools.map(({ name, state }) => [name, state])).toEqual([
      ['rm', 'failed'],
      ['rm', 'failed'],
      ['ls', 'failed'],
      ['deep', 'failed'],
    ])
    expect(new Set(tools.map(({ tid }) => tid)).size).toBe(4)
    expect(tools[0]?.input).toEqual({ path: '/' })
    expect(tools[3]?.input, '[S23] deep JSON stays text').toEqual(expect.any(String))
  })
})

describe('cancel', () => {
  test('[A3] reaches the model server: the request is broken off', async () => {
    fake.otherwise({ text: 'word '.repeat(10_000), chunkMs: 5 })
    const before = fake.requests.length
    const turn = testTurn('hi')
    const agent = openAiCompatible({ env: systemEnv, baseUrl: fake.baseUrl, models: ['fake'] })
    await listen(agent, turn, (event) => {
      if (event.type === 'text') turn.cancel()
    })
    await fake.until((requests) => requests[before]?.state === 'aborted')
    expect(fake.requests[before]?.chunks).toBeLessThan(1000)
  })

  test('before the first byte of the answer, too', async () => {
    fake.script({ headMs: 60_000 })
    const before = fake.requests.length
    const turn = testTurn('hi')
    const heard = listen(openAiCompatible({ env: systemEnv, baseUrl: fake.baseUrl, models: ['fake'] }), turn)
    await fake.until((requests) => requests.length > before)
    turn.cancel()
    expect(await heard).toEqual({ events: [], error: undefined })
    await fake.until((requests) => requests[before]?.state === 'aborted')
  })

  test('a reader that goes away breaks the request off as well', async () => {
    fake.script({ text: 'word '.repeat(10_000), chunkMs: 5 })
    const before = fake.requests.length
    for await (const event of openAiCompatible({ env: systemEnv, baseUrl: fake.baseUrl, models: ['fake'] }).run(
      testTurn('hi'),
    ))
      if (event.type === 'text') break
    await fake.until((requests) => requests[before]?.state === 'aborted')
    expect(fake.requests).toHaveLength(before + 1)
  })
})

describe('a reader that is behind', () => {
  test('[I7] pauses the model server instead of filling memory, and loses nothing', async () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `${index} ${'x'.repeat(200)} `)
    fake.script({ text: words })
    const before = fake.requests.length
    const agent = openAiCompatible({ env: systemEnv, baseUrl: fake.baseUrl, models: ['fake'], idleMs: 2000 })
    const events = []
    for await (const event of agent.run(testTurn('hi'))) {
      events.push(event)
      if (events.length !== 2) continue
      const { promise, resolve } = Promise.withResolvers<void>()
      // Longer than the idle limit: time that we make the server wait is not its fault.
      setTimeout(resolve, 3000)
      await promise
      expect(fake.requests[before]?.state).toBe('open')
    }
    checkSpeech(events)
    expect(textIn(events)).toBe(words.join(''))
  })
})

describe('what the model is sent', () => {
  const say = (turn: string, role: 'user' | 'assistant', text: string): Said =>
    role === 'user'
      ? { type: 'prompt', by: 'user:a', at: 0, mid: `${turn}-${text}`, turn, text }
      : {
          type: 'message',
          by: 'agent:a',
          at: 0,
          mid: `${turn}-${text}`,
          turn,
          role,
          parts: [
            { type: 'thinking', text: 'hidden' },
            { type: 'text', text },
          ],
          final: true,
        }

  test('the system prompt, then every turn in one piece; thoughts, waiting prompts and empty messages left out', () => {
    const session = foldSession(
      emptySession,
      place(
        [
          { type: 'session.created', by: 'user:a', at: 0, id: 's', system_prompt: 'Be brief' },
          say('t1', 'user', 'one'),
          { type: 'turn.started', by: 'node', at: 0, turn: 't1', attempt: 1, agent: 'a' },
          say('t1', 'assistant', 'first'),
          say('t2', 'user', 'two'),
          say('t1', 'assistant', 'and more'),
          say('t1', 'assistant', ''),
          { type: 'turn.ended', by: 'node', at: 0, turn: 't1', outcome: 'complete' },
          { type: 'turn.started', by: 'node', at: 0, turn: 't2', attempt: 1, agent: 'a' },
          { type: 'turn.ended', by: 'node', at: 0, turn: 't2', outcome: 'failed' },
          say('t9', 'user', 'waits'),
        ],
        0,
      ),
    )
    expect(conversationOf(testTurn('three', { session }))).toEqual([
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'first\n\nand more' },
      { role: 'user', content: 'two\n\nthree' },
    ])
  })
})

describe('models', () => {
  test('are listed by the server, asked once a minute', async () => {
    const env = virtualEnv()
    const agent = openAiCompatible({ env, baseUrl: fake.baseUrl })
    const before = fake.requests.length
    expect(await Promise.all([agent.models(), agent.models()])).toEqual(
      Array.from({ length: 2 }, () => ['fake-large', 'fake-small']),
    )
    env.advance(59_000)
    await agent.models()
    expect(fake.requests.length - before).toBe(1)
    env.advance(2000)
    await agent.models()
    expect(fake.requests.length - before).toBe(2)
  })

  test('the first one is taken when the session names none', async () => {
    const { requests } = await run('hi')
    expect(requests.find((seen) => seen.method === 'POST')?.body['model']).toBe('fake-large')
  })

  test('a failure to list them is typed and not kept', async () => {
    const other = await startFakeModel()
    const agent = openAiCompatible({ env: systemEnv, baseUrl: other.baseUrl })
    await other.close()
    await expect(agent.models()).rejects.toMatchObject({ code: 'upstream_unreachable' })
    const again = await startFakeModel({ port: other.port })
    try {
      expect(await agent.models()).toHaveLength(2)
    } finally {
      await again.close()
    }
  })
})
