import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event } from '../src/core/events.ts'
import { foldSession } from '../src/core/fold.ts'
import { emptySession } from '../src/core/session.ts'
import { start, type Started } from './tools/start.ts'

let server: Started
let other: string
beforeAll(async () => {
  server = await start()
  other = server.identity.createKey({ name: 'other', user: 'bob' }).key
})
afterAll(() => server.stop())

interface Answer {
  readonly status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- what a server answered is looked at key by key
  readonly body: any
  readonly headers: Headers
}
const call = async (
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
  key = server.key,
): Promise<Answer> => {
  const headers = {
    authorization: `Bearer ${key}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...more,
  }
  const response = await fetch(server.url + path, {
    method,
    headers,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

const created = async (data: object = {}): Promise<string> => (await call('POST', '/v1/sessions', data)).body.id

/** Waits by long-poll until the session has ended so many turns. */
const untilEnded = async (session: string, turns = 1): Promise<readonly Event[]> => {
  const events: Event[] = []
  let offset = '-1'
  while (events.filter(({ type }) => type === 'turn.ended').length < turns) {
    const { status, body, headers } = await call(
      'GET',
      `/v1/sessions/${session}/events?offset=${offset}&live=long-poll`,
    )
    if (status === 200) events.push(...(body as Event[]))
    offset = headers.get('stream-next-offset') ?? offset
  }
  return events
}

describe('sessions over HTTP', () => {
  it('create, send, read, snapshot, list, delete', async () => {
    const made = await call('POST', '/v1/sessions', { title: 'First', model: 'demo', system_prompt: 'Be brief' })
    expect(made).toMatchObject({
      status: 201,
      body: { title: 'First', model: 'demo', status: 'idle', agent: 'demo', created_at: expect.stringMatching(/Z$/) },
    })
    const { id } = made.body
    expect(made.headers.get('location')).toBe(`/v1/sessions/${id}`)
    expect(id.length).toBeGreaterThanOrEqual(22)

    const sent = await call('POST', `/v1/sessions/${id}/commands`, {
      id: 'one',
      type: 'prompt',
      data: { text: 'hello' },
    })
    expect(sent).toMatchObject({ status: 202, body: { id: 'one', dup: false } })
    expect(
      await call('POST', `/v1/sessions/${id}/commands`, { id: 'one', type: 'prompt', data: { text: 'hello' } }),
    ).toMatchObject({ status: 202, body: { ...sent.body, dup: true } })

    const events = await untilEnded(id)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    for (const event of events)
      expect(event).toMatchObject({
        seq: expect.any(Number),
        at: expect.any(Number),
        by: expect.any(String),
        type: expect.any(String),
      })

    const { body: snapshot } = await call('GET', `/v1/sessions/${id}/snapshot`)
    expect(snapshot.state).toEqual(JSON.parse(JSON.stringify(foldSession(emptySession, events))))
    expect(await call('GET', `/v1/sessions/${id}`)).toMatchObject({
      status: 200,
      body: { id, status: 'idle', total_tokens: 18, turns: 1 },
    })
    expect((await call('GET', '/v1/sessions')).body.sessions[0]).toMatchObject({ id })
    expect(await call('DELETE', `/v1/sessions/${id}`)).toMatchObject({ status: 200, body: { id, deleted: true } })
    expect(await call('GET', `/v1/sessions/${id}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found', message: 'Session not found', status: 404 } },
    })
  })

  it('[H5] Idempotency-Key makes one session and one prompt, however often it is sent', async () => {
    const key = { 'idempotency-key': 'k-1' }
    const [a, b] = await Promise.all([call('POST', '/v1/sessions', {}, key), call('POST', '/v1/sessions', {}, key)])
    expect(a.body.id).toBe(b.body.id)
    expect(await call('POST', '/v1/sessions', { title: 'another' }, key)).toMatchObject({
      status: 409,
      body: { error: { code: 'command_id_reused' } },
    })
    const prompt = { type: 'prompt', data: { text: 'hello' } }
    await call('POST', `/v1/sessions/${a.body.id}/commands`, prompt, { 'idempotency-key': 'p' })
    expect(
      (await call('POST', `/v1/sessions/${a.body.id}/commands`, prompt, { 'idempotency-key': 'p' })).body.dup,
    ).toBe(true)
    expect(
      await call('POST', `/v1/sessions/${a.body.id}/commands`, { ...prompt, id: 'q' }, { 'idempotency-key': 'p' }),
    ).toMatchObject({ status: 400 })
  })

  it('[W6] a session can be made under an id of the client, by a create sent to it', async () => {
    const id = 'A'.repeat(22)
    expect(
      await call('POST', `/v1/sessions/${id}/commands`, { id: 'c', type: 'create', data: { title: 'mine' } }),
    ).toMatchObject({ status: 202 })
    expect(await call('GET', `/v1/sessions/${id}`)).toMatchObject({ status: 200, body: { title: 'mine' } })
    expect(
      await call('POST', `/v1/sessions/${encodeURIComponent('a b/c')}/commands`, { id: 'c', type: 'create', data: {} }),
    ).toMatchObject({ status: 400, body: { error: { param: 'id' } } })
  })

  it("[S12] another person's session is told like one that does not exist, on every route", async () => {
    const id = await created()
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['DELETE', '', undefined],
      ['GET', '/events', undefined],
      ['GET', '/events?offset=-1&live=sse', undefined],
      ['GET', '/snapshot', undefined],
      ['POST', '/commands', { id: 'x', type: 'prompt', data: { text: 'hello' } }],
      ['POST', '/commands', { id: 'x', type: 'cancel', data: {} }],
    ] as const) {
      const theirs = await call(method, `/v1/sessions/${id}${path}`, body, {}, other)
      const none = await call(method, `/v1/sessions/none${path}`, body, {}, other)
      expect(theirs.status, `${method} ${path}`).toBe(404)
      expect({ ...theirs.body.error, request_id: '' }).toEqual({ ...none.body.error, request_id: '' })
    }
    expect((await call('GET', '/v1/sessions', undefined, {}, other)).body.sessions).toEqual([])
    expect(await call('GET', `/v1/sessions/${id}`)).toMatchObject({ status: 200 })
  })

  it('messages are found by their words, and only by who may see them', async () => {
    const id = await created()
    await call('POST', `/v1/sessions/${id}/commands`, { type: 'prompt', data: { text: 'the zanzibar question' } })
    await untilEnded(id)
    expect((await call('GET', '/v1/search?q=zanzibar')).body.messages).toEqual(
      expect.arrayContaining([expect.objectContaining({ session: id, role: 'user' })]),
    )
    expect((await call('GET', '/v1/search?q=zanzibar', undefined, {}, other)).body.messages).toEqual([])
    expect((await call('GET', '/v1/search?q=%22%20OR%20NEAR(')).status).toBe(200)
  })

  it('[S16] a viewer reads and does nothing else', async () => {
    const id = await created()
    const viewer = server.identity.createKey({ name: 'viewer', role: 'viewer' }).key
    expect(await call('GET', `/v1/sessions/${id}`, undefined, {}, viewer)).toMatchObject({ status: 200 })
    for (const [type, data] of [
      ['prompt', { text: 'x' }],
      ['cancel', {}],
      ['answer', { ask: 'a', option: 'b' }],
      ['update', { title: 't' }],
      ['close', {}],
    ] as const)
      expect(await call('POST', `/v1/sessions/${id}/commands`, { type, data }, {}, viewer), type).toMatchObject({
        status: 403,
        body: { error: { code: 'forbidden' } },
      })
    expect(await call('POST', '/v1/sessions', {}, {}, viewer)).toMatchObject({ status: 403 })
    expect(await call('DELETE', `/v1/sessions/${id}`, undefined, {}, viewer)).toMatchObject({ status: 403 })
  })
})

describe('bad requests, each with its exact answer', () => {
  const rows: readonly (readonly [string, string, string, unknown, number, object])[] = [
    ['a body that is no JSON', 'POST', '/v1/sessions', '{"title":', 400, { code: 'invalid_json' }],
    ['a body that is a list', 'POST', '/v1/sessions', [], 400, { code: 'invalid_request' }],
    [
      'a title that is a number',
      'POST',
      '/v1/sessions',
      { title: 1 },
      400,
      { code: 'invalid_request', param: 'title' },
    ],
    ['an id with a slash', 'POST', '/v1/sessions', { id: 'a/b' }, 400, { code: 'invalid_request', param: 'id' }],
    [
      'an agent that is not there',
      'POST',
      '/v1/sessions',
      { agent: 'hal' },
      503,
      { code: 'agent_unavailable', param: 'agent' },
    ],
    [
      'a system prompt that is too long',
      'POST',
      '/v1/sessions',
      { system_prompt: 'x'.repeat(100_001) },
      400,
      { param: 'system_prompt' },
    ],
    ['a body over 1 MiB', 'POST', '/v1/sessions', `"${'x'.repeat(1_100_000)}"`, 413, { code: 'payload_too_large' }],
    [
      'a limit that is no number',
      'GET',
      '/v1/sessions?limit=many',
      undefined,
      400,
      { code: 'invalid_request', param: 'limit' },
    ],
    [
      'a place in the list that is none',
      'GET',
      '/v1/sessions?before=yesterday',
      undefined,
      400,
      { code: 'invalid_request', param: 'before' },
    ],
    ['a query that is too long', 'GET', `/v1/search?q=${'x'.repeat(1001)}`, undefined, 400, { param: 'q' }],
    ['no type', 'POST', '/v1/sessions/$S/commands', { id: 'b1' }, 400, { param: 'type' }],
    ['an unknown type', 'POST', '/v1/sessions/$S/commands', { id: 'b2', type: 'dance' }, 400, { param: 'type' }],
    [
      'data of another type',
      'POST',
      '/v1/sessions/$S/commands',
      { id: 'b3', type: 'prompt', data: 'hello' },
      400,
      { code: 'invalid_request' },
    ],
    [
      'an expectation that is no cursor',
      'POST',
      '/v1/sessions/$S/commands',
      { id: 'b4', type: 'prompt', data: { text: 'x' }, expect: 'soon' },
      400,
      { code: 'cursor_invalid' },
    ],
    [
      'nothing to cancel',
      'POST',
      '/v1/sessions/$S/commands',
      { id: 'b5', type: 'cancel', data: {} },
      409,
      { code: 'conflict' },
    ],
    ['an offset that is none', 'GET', '/v1/sessions/$S/events?offset=soon', undefined, 400, {}],
    [
      '[H6] an offset ahead of the log',
      'GET',
      '/v1/sessions/$S/events?offset=0000000000000001_0000000000009999',
      undefined,
      409,
      { code: 'cursor_diverged' },
    ],
    ['a method that is not there', 'PATCH', '/v1/sessions', {}, 405, { code: 'method_not_allowed' }],
    ['a path that is not there', 'GET', '/v1/nothing', undefined, 404, { code: 'not_found' }],
  ]
  for (const [name, method, path, body, status, error] of rows)
    it(`${method} ${path.split('?')[0]}: ${name}`, async () => {
      const session = await created()
      const answer = await call(method, path.replace('$S', session), body)
      expect(answer).toMatchObject({
        status,
        body: { error: { ...error, status, message: expect.any(String), request_id: expect.any(String) } },
      })
      expect((await server.gateway.state(session)).seq).toBe(2)
    })

  it('every route wants a credential', async () => {
    for (const [, method, path] of rows) {
      const response = await fetch(server.url + path.replace('$S', 'x'), { method })
      expect([401, 404, 405], `${method} ${path}`).toContain(response.status)
    }
  })
})
