import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { demoText } from '../../src/agents/demo/demo-agent.ts'
import type { Event, Said } from '../../src/core/events.ts'
import { foldSession } from '../../src/core/fold.ts'
import { emptySession, summarize, textOf } from '../../src/core/session.ts'
import { place } from '../../src/core/batch.ts'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { openNative } from '../tools/native.ts'
import { machine } from '../tools/process.ts'
import { check } from './checker.ts'
import { ask, command, newSession, readLog, readState } from '../tools/http.ts'
import { player } from './player.ts'
import { until } from '../tools/until.ts'
import { closing, folder } from '../tools/closing.ts'
import { serve } from './set-up.ts'

const most = 100_000
const kib = 1024

/** A session of 100,000 events in the file, as a gateway would have written it: 40 turns of short deltas. */
const write = async (file: string, session: string): Promise<void> => {
  const journal = await openSqliteJournal({ file })
  const by = 'user:owner'
  const agent = 'agent:demo'
  const opening: readonly Said[] = [{ type: 'session.created', id: session, by, at: 1, agent: 'demo', title: 'huge' }]
  const owner: Said = { type: 'owner', node: 'n', term: 1, by: 'node:n', at: 1 }
  let state = foldSession(emptySession, place([owner, ...opening], 0))
  const lease = await journal.claim(session, { node: 'n', at: 1, create: true, opening, summary: summarize(state) })
  const turns = 40
  const each = Math.floor((most - state.seq) / turns)
  for (let turn = 0; turn < turns; turn++) {
    const [name, mid] = [`t${turn}`, `m${turn}`]
    const deltas = Array.from({ length: each - 5 }, (_, index) => `${turn}.${index} `)
    let offset = 0
    const text = deltas.map((delta): Said => {
      offset += delta.length
      return { type: 'text', mid, part: 0, offset: offset - delta.length, delta, by: agent, at: 2 }
    })
    const parts = [{ type: 'text' as const, text: deltas.join('') }]
    const said: readonly Said[] = [
      { type: 'prompt', mid: `p${turn}`, turn: name, text: `say ${turn}`, by, at: 2 },
      { type: 'turn.queued', turn: name, by, at: 2 },
      { type: 'turn.started', turn: name, attempt: 1, agent: 'demo', by, at: 2 },
      ...text,
      { type: 'message', mid, turn: name, role: 'assistant', parts, final: true, by: agent, at: 2 },
      { type: 'turn.ended', turn: name, outcome: 'complete', by: agent, at: 2 },
    ]
    state = foldSession(state, place(said, state.seq))
    await journal.append(lease, said, { summary: summarize(state) })
  }
  const rest = Array.from({ length: most - state.seq }, (): Said => ({
    type: 'log',
    level: 'info',
    text: '.',
    by,
    at: 3,
  }))
  if (rest.length > 0) await journal.append(lease, rest)
  await journal.close()
}

test('[S6] [H2] [I2] [I9] fault 25: a session of 100,000 events: pages, a snapshot, a list that does not read it, flat memory', async () => {
  const server = closing(await machine(), (one) => one.remove())
  const session = createHash('sha256').update('huge').digest('hex').slice(0, 32)
  await write(join(server.data, 'holdfast.db'), session)
  await server.start()

  let [pages, largest]: [number, number] = [0, 0]
  const replay = async (): Promise<readonly Event[]> => {
    const events: Event[] = []
    pages = 0
    for (let offset = '-1'; ;) {
      const page = await ask(server, `/v1/sessions/${session}/events?offset=${offset}`)
      const text = await page.text()
      largest = Math.max(largest, text.length)
      pages += 1
      events.push(...(JSON.parse(text) as Event[]))
      offset = page.headers.get('stream-next-offset') ?? ''
      if (page.headers.get('stream-up-to-date') === 'true') return events
    }
  }
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const begun = performance.now()
    await work()
    return performance.now() - begun
  }
  let log: readonly Event[] = []
  const whole = await timed(async () => (log = await replay()))
  expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: most }, (_, index) => index + 1))

  // A list, and what is new, cost what they show, not what the session is long.
  const list = Math.min(...(await Promise.all([0, 1, 2].map(() => timed(() => ask(server, '/v1/sessions'))))))
  const socket = closing(await openNative(server.url, { key: server.key(), hello: { window: 0 } }), (one) =>
    one.close(),
  )
  const first = `0000000000000000_${String(10).padStart(16, '0')}`
  const epoch = (await ask(server, `/v1/sessions/${session}/events?offset=now`)).headers.get('stream-next-offset') ?? ''
  socket.send({ t: 'sub', id: 'far', session, cursor: epoch.slice(0, 17) + first.slice(17) })
  const far = await socket.next('sub.ok')
  expect(far).toMatchObject({ mode: 'snapshot', head: epoch })
  const tail = await timed(async () => {
    const near = epoch.slice(0, 17) + String(most - 100).padStart(16, '0')
    socket.send({ t: 'sub', id: 'near', session, cursor: near })
    await socket.next('live', ({ sub }) => sub === 'near')
  })
  console.log(
    `fault 25: 100,000 events in ${pages} pages, ${whole.toFixed(0)} ms, the largest ${(largest / kib).toFixed(0)} KiB; list ${list.toFixed(1)} ms, the last hundred ${tail.toFixed(1)} ms`,
  )
  // About 1 MiB (H2): the commit that passes it comes whole.
  expect(largest).toBeLessThan(1280 * kib)
  expect(list).toBeLessThan(whole / 5)
  expect(tail).toBeLessThan(whole / 5)

  const before = await server.holding()
  for (let time = 0; time < 3; time++) await replay()
  const after = await server.holding()
  const snapshots = [await readState(server, session)]
  expect(check({ log: log.slice(), snapshots, held: { before, after } })).toEqual([])
  // A reader of the SDK gets every one of them, through snapshot and pages.
  const mine = closing(
    player({ name: 'client', url: server.url, key: server.key(), session, folder: await folder() }),
    (one) => one.stop(),
  )
  await until(() => mine.seen() >= most, 'all events', 30_000)
  expect(check({ log, copies: mine.copies() })).toEqual([])
})

test('[E8] fault 25: an answer of 590 KB goes in frames of at most 64 KiB, and is whole', async () => {
  const server = await serve()
  const session = await newSession(server)
  const socket = closing(await openNative(server.url, { key: server.key(), hello: { window: 0 } }), (one) =>
    one.close(),
  )
  const sizes: number[] = []
  const pieces: { readonly i: number; readonly n: number }[] = []
  socket.socket.on('message', (data) => {
    sizes.push((data as Buffer).length)
    const frame = JSON.parse(String(data)) as { t: string; i: number; n: number }
    if (frame.t === 'frag') pieces.push(frame)
  })
  socket.send({ t: 'sub', id: 's', session })
  const prompt = 'count to 100000 at 100000/s'
  await command(server, session, 'prompt', { text: prompt })
  await socket.next('ev', ({ e }) => e.some(({ type }) => type === 'turn.ended'))
  const log = await readLog(server, session)
  const said = log.flatMap((event) => (event.type === 'message' && event.final ? [textOf(event.parts)] : []))
  expect(said).toEqual([demoText(prompt)])
  expect(said[0]?.length).toBeGreaterThan(580_000)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536)
  // Runs of 0 … n − 1 with nothing in between.
  expect(pieces.length).toBeGreaterThan(8)
  let next = 0
  for (const { i, n } of pieces) {
    expect(i).toBe(next)
    next = i + 1 === n ? 0 : i + 1
  }
  expect(next).toBe(0)
  const events = socket.frames.flatMap((frame) => (frame.t === 'ev' ? frame.e : []))
  expect(check({ log, copies: [{ name: 'socket', events, current: true }], calm: { ms: 0, waiting: 0 } })).toEqual([])
})
