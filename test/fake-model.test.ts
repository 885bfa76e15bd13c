import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createParser } from 'eventsource-parser'
import { type FakeModel, startFakeModel } from './fake-model/server.ts'

let fake: FakeModel
beforeAll(async () => {
  fake = await startFakeModel({ key: 'k' })
})
afterAll(() => fake.close())

const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(fake.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'k', ...headers },
    body: JSON.stringify({ model: 'fake-large', messages: [{ role: 'user', content: 'Hello you' }], ...body }),
  })

const eventsIn = (text: string): readonly { readonly event: string | undefined; readonly data: string }[] => {
  const events: { event: string | undefined; data: string }[] = []
  createParser({ onEvent: ({ event, data }) => events.push({ event, data }) }).feed(text)
  return events
}

describe('the fake model server speaks Anthropic Messages', () => {
  test('whole', async () => {
    expect(await (await post('/v1/messages', {})).json()).toMatchObject({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: 'You said: Hello you' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 2, output_tokens: 4 },
    })
  })

  test('streamed: thinking, text and a tool call as blocks, between message_start and message_stop', async () => {
    fake.script({
      thinking: ['hm'],
      text: ['a', 'b'],
      toolCalls: [{ name: 'ls', arguments: '{"path":"."}', id: 'toolu_1' }],
    })
    const events = eventsIn(await (await post('/v1/messages', { stream: true })).text())
    const kinds = events.map(({ event }) => event?.replace('content_block_', '')).join(' ')
    expect(kinds).toBe(
      'message_start ping start delta stop start delta delta stop start delta stop message_delta message_stop',
    )
    for (const { event, data } of events) expect(JSON.parse(data)).toMatchObject({ type: event })
    expect(JSON.parse(events.at(-2)?.data ?? '')).toMatchObject({ delta: { stop_reason: 'tool_use' } })
  })

  test('an error within a stream, and one with a status', async () => {
    fake.script({
      fault: { kind: 'error-event', after: 1, error: { type: 'overloaded_error', message: 'Overloaded' } },
    })
    const events = eventsIn(await (await post('/v1/messages', { stream: true })).text())
    expect(events.at(-1)).toEqual({
      event: 'error',
      data: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    })
    fake.script({ fault: { kind: 'status', status: 529, retryAfter: '3' } })
    const answer = await post('/v1/messages', {})
    expect(answer.headers.get('retry-after')).toBe('3')
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } })
  })
})

describe('the fake model server speaks OpenAI chat completions', () => {
  test('whole', async () => {
    expect(await (await post('/v1/chat/completions', {})).json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'You said: Hello you' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 },
    })
  })

  test('streamed, with usage in a last chunk without choices', async () => {
    const body = { stream: true, stream_options: { include_usage: true } }
    const events = eventsIn(await (await post('/v1/chat/completions', body)).text())
    expect(events.at(-1)?.data).toBe('[DONE]')
    expect(JSON.parse(events.at(-2)?.data ?? '')).toMatchObject({ choices: [], usage: { total_tokens: 6 } })
  })

  test('a plan comes in a header or in the prompt; a wrong one is 400', async () => {
    const plan = { 'x-fake-plan': '{"text":"planned"}' }
    expect(await (await post('/v1/chat/completions', {}, plan)).text()).toContain('planned')
    const messages = [{ role: 'user', content: 'go [[{"text":"in the prompt"}]]' }]
    expect(await (await post('/v1/chat/completions', { messages })).text()).toContain('in the prompt')
    expect((await post('/v1/chat/completions', {}, { 'x-fake-plan': '{"text":5}' })).status).toBe(400)
  })

  test('a wrong key, an unknown model, an unknown path', async () => {
    expect((await post('/v1/chat/completions', {}, { 'x-api-key': 'wrong' })).status).toBe(401)
    expect((await post('/v1/chat/completions', { model: 'no-such-model' })).status).toBe(404)
    expect((await post('/v1/other', {})).status).toBe(404)
  })
})

test('the fake model server runs as a program', async () => {
  const child = spawn(process.execPath, [new URL('fake-model/main.ts', import.meta.url).pathname, '--port', '0'])
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const url = /http:\S+/.exec(String(line))?.[0] ?? ''
    expect(await (await fetch(`${url}/models`)).json()).toMatchObject({ object: 'list' })
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  } finally {
    child.kill('SIGKILL')
  }
})
