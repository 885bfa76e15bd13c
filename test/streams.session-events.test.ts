import { stream } from '@durable-streams/client'
import type { EventSourceMessage } from 'eventsource-parser'
import { expect, onTestFinished, test } from 'vitest'
import { formatCursor } from '../src/core/cursor.ts'
import { Failure } from '../src/core/failures.ts'
import type { Event } from '../src/core/events.ts'
import type { Journal, Lease } from '../src/core/ports.ts'
import { emptySession, summarize } from '../src/core/session.ts'
import { sessionEventRoutes, type SessionEventOptions } from '../src/http/session-events.ts'
import { memoryJournal, memoryStore } from '../src/journals/memory.ts'
import { systemEnv } from '../src/env.ts'
import { log } from './journals/said.ts'
import { serve, type Served } from './streams/serve.ts'
import { readSse } from './streams/world.ts'

interface World extends Served {
  readonly journal: Journal
  readonly lease: Lease
  readonly say: (...texts: readonly string[]) => Promise<readonly Event[]>
  readonly events: string
}

/** A session `s` of the person whose key the door adds, with an `owner` and a `session.created` event. */
const world = async (options: Partial<SessionEventOptions> = {}, by = 'user:owner'): Promise<World> => {
  const journal = memoryJournal(memoryStore(systemEnv), { env: systemEnv })
  const summary = { ...summarize({ ...emptySession, id: 's' }), by }
  const lease = await journal.claim('s', {
    node: 'n',
    at: 1,
    create: true,
    summary,
    opening: [{ type: 'session.created', id: 's', by, at: 1 }],
  })
  const served = await serve(sessionEventRoutes({ env: systemEnv, journal, ...options }))
  onTestFinished(async () => {
    await served.close()
    await journal.close()
  })
  const say = (...texts: readonly string[]) =>
    journal.append(
      lease,
      texts.map((text) => log(text)),
    )
  return { ...served, journal, lease, say, events: `${served.origin}/v1/sessions/s/events` }
}

const at = (seq: number, epoch = 1): string => formatCursor({ epoch, seq })
const seqs = (events: unknown): readonly number[] => (events as readonly Event[]).map(({ seq }) => seq)

const eventsIn = (messages: readonly EventSourceMessage[]): readonly Event[] =>
  messages.filter(({ event }) => event === 'data').flatMap(({ data }) => JSON.parse(data) as Event[])

test('[H2] [H8] catch-up answers at once with the events after a cursor, as JSON, and may not be kept', async () => {
  const { events, say, lease } = await world()
  await say('one', 'two')
  const all = await fetch(events)
  expect(seqs(await all.json())).toEqual([1, 2, 3, 4])
  expect(Object.fromEntries(all.headers)).toMatchObject({
    'content-type': 'application/json',
    'stream-next-offset': at(lease.head),
    'stream-up-to-date': 'true',
    'cache-control': 'private, no-store',
  })
  expect(all.headers.get('etag')).toBeNull()
  const rest = await fetch(`${events}?offset=${at(3)}`)
  expect(seqs(await rest.json()), 'from the middle of a commit').toEqual([4])
  const none = await fetch(`${events}?offset=${at(4)}`)
  expect([none.status, await none.json()]).toEqual([200, []])
  const now = await fetch(`${events}?offset=now`)
  expect([now.headers.get('stream-next-offset'), await now.json()]).toEqual([at(4), []])
  const head = await fetch(events, { method: 'HEAD' })
  expect([head.status, head.headers.get('stream-next-offset')]).toEqual([200, at(4)])
})

test('[H2] a long log comes in portions that join without hole or double', async () => {
  const { events, say } = await world({ chunk: 10_000 })
  for (let i = 0; i < 50; i++) await say(`${i}`.repeat(300), 'x')
  const got: Event[] = []
  let offset = '-1'
  let portions = 0
  for (let upToDate = false; !upToDate; portions++) {
    const answer = await fetch(`${events}?offset=${offset}`)
    got.push(...((await answer.json()) as Event[]))
    offset = answer.headers.get('stream-next-offset') ?? ''
    upToDate = answer.headers.get('stream-up-to-date') === 'true'
  }
  expect(portions).toBeGreaterThan(3)
  expect(seqs(got)).toEqual(Array.from({ length: 102 }, (_, i) => i + 1))
})

test('[H3] long-poll waits for an event, and says 204 when none came', async () => {
  const { events, say } = await world({ longPollMs: 300 })
  const none = await fetch(`${events}?offset=now&live=long-poll`)
  expect([none.status, none.headers.get('stream-next-offset')]).toEqual([204, at(2)])
  expect(none.headers.get('stream-up-to-date')).toBe('true')
  const waiting = fetch(`${events}?offset=now&live=long-poll`)
  // Said again until the reader was there to hear one: `now` is when it arrives.
  const answered = waiting.then(() => true)
  while (!(await Promise.race([answered, say('hello').then(() => false)])));
  const answer = await waiting
  expect(answer.status).toBe(200)
  expect(((await answer.json()) as Event[])[0]).toMatchObject({ type: 'log', text: 'hello' })
})

test('[H4] SSE: what there is, then what comes; the id of each event is the cursor after it', async () => {
  const { events, say } = await world()
  await say('one')
  const sse = await readSse(`${events}?offset=-1&live=sse`, (all) => eventsIn(all).length >= 5)
  expect(Object.fromEntries(sse.response.headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
  await say('two')
  await say('three')
  await sse.done
  expect(seqs(eventsIn(sse.messages))).toEqual([1, 2, 3, 4, 5])
  const told = sse.messages.map(({ event, id, data }) => {
    const said = JSON.parse(data) as readonly Event[] & { readonly streamNextOffset?: string }
    return [event, id, said.streamNextOffset ?? at(seqs(said).at(-1) ?? 0)]
  })
  expect(told).toEqual(told.map(([, id], index) => [index % 2 === 0 ? 'data' : 'control', id, id]))
})

test('[H4] Last-Event-ID beats offset', async () => {
  const { events, say } = await world()
  await say('one', 'two')
  const sse = await readSse(`${events}?offset=-1&live=sse`, (all) => all.length >= 2, { 'last-event-id': at(3) })
  await sse.done
  expect(seqs(eventsIn(sse.messages))).toEqual([4])
})

test('[H4] a quiet SSE answer carries comments, and ends after its time', async () => {
  const { events } = await world({ commentMs: 20, sseMs: 200 })
  const sse = await readSse(`${events}?offset=now&live=sse`, () => false)
  await sse.done
  expect(sse.comments.length).toBeGreaterThan(0)
  expect(sse.messages.map(({ event }) => event)).toEqual(['control'])
})

test('live answers end when the server stops', async () => {
  const stopping = new AbortController()
  const { events } = await world({ stopping: stopping.signal })
  const sse = await readSse(`${events}?offset=now&live=sse`, (all) => {
    if (all.length > 0) stopping.abort()
    return false
  })
  await sse.done
  expect((await fetch(`${events}?offset=now&live=long-poll`)).status).toBe(204)
})

test('[H6] a cursor ahead of the log or of another epoch is 409, one before the floor 410, a wrong one 400', async () => {
  const { events, say, journal, lease } = await world()
  await say('one', 'two')
  const tell = async (query: string): Promise<unknown> => {
    const answer = await fetch(`${events}${query}`)
    return [answer.status, ((await answer.json()) as { error: { code: string } }).error.code]
  }
  for (const live of ['', '&live=sse', '&live=long-poll']) {
    expect(await tell(`?offset=${at(5)}${live}`)).toEqual([409, 'cursor_diverged'])
    expect(await tell(`?offset=${at(2, 2)}${live}`)).toEqual([409, 'cursor_diverged'])
    expect(await tell(`?offset=5${live}`)).toEqual([400, 'cursor_invalid'])
  }
  expect(await tell('?live=sse')).toEqual([400, 'invalid_request'])
  expect(await tell('?offset=-1&live=socket')).toEqual([400, 'invalid_request'])
  expect(await tell('?offset=-1&offset=-1')).toEqual([400, 'invalid_request'])
  await journal.trim(lease, { ...emptySession, id: 's', seq: 3 })
  for (const live of ['', '&live=sse', '&live=long-poll'])
    expect(await tell(`?offset=-1${live}`)).toEqual([410, 'trimmed'])
  expect((await fetch(`${events}?offset=${at(3)}`)).status).toBe(200)
})

test('[S12] another person’s session is told like one that is not there', async () => {
  const { origin, events } = await world({}, 'user:somebody')
  for (const [url, method] of [
    [events, 'GET'],
    [`${events}?offset=-1&live=sse`, 'GET'],
    [events, 'HEAD'],
  ] as const)
    expect((await fetch(url, { method })).status).toBe(404)
  const [there, missing] = await Promise.all(
    [events, `${origin}/v1/sessions/none/events`].map(
      async (url) => (await (await fetch(url)).json()) as { error: object },
    ),
  )
  expect({ ...there?.error, request_id: '' }).toEqual({ ...missing?.error, request_id: '' })
})

test('a failing log ends a live answer; the next request says why', async () => {
  const { journal } = await world()
  let broken = false
  const read: Journal['read'] = (...args) =>
    broken ? Promise.reject(new Failure('session_damaged')) : journal.read(...args)
  const second = await serve(
    sessionEventRoutes({
      env: systemEnv,
      journal: { ...journal, epoch: journal.epoch, read },
      commentMs: 10,
    }),
  )
  onTestFinished(() => second.close())
  const url = `${second.origin}/v1/sessions/s/events?offset=-1&live=sse`
  const sse = await readSse(url, () => false)
  broken = true
  await journal.append(await journal.claim('s', { node: 'n', at: 2 }), [log('x')])
  await sse.done
  expect((await fetch(url)).status).toBe(500)
})

test.each(['sse', 'long-poll'] as const)('the public Durable Streams client follows a session by %s', async (live) => {
  const { events, say } = await world({ longPollMs: 100 })
  await say('one')
  const reading = await stream<Event>({ url: events, offset: '-1', live, json: true })
  const got: Event[] = []
  let offset = ''
  const done = new Promise<void>((resolve) => {
    reading.subscribeJson(async (batch) => {
      got.push(...batch.items)
      offset = batch.offset
      if (got.length >= 22) resolve()
    })
  })
  for (let i = 0; i < 19; i++) await say(`${i}`)
  await done
  reading.cancel()
  expect(seqs(got)).toEqual(Array.from({ length: 22 }, (_, i) => i + 1))
  expect(offset).toBe(at(22))
})
