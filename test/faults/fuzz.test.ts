import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { systemEnv } from '../../src/env.ts'
import { openIdentity } from '../../src/http/identity.ts'
import { openNative } from '../tools/native.ts'
import { seeded } from '../tools/seeded.ts'
import { check } from './checker.ts'
import { ask, command, newSession, readLog, readState } from '../tools/http.ts'
import { frames, mutate, request } from './mutate.ts'
import { closing } from '../tools/closing.ts'
import { seedOf, serve } from './set-up.ts'

/** ms of fuzzing, and the frames that must be sent in that time or until they are. */
const [least, enough] = [10_000, 20_000]

test(
  `[C6] [I8] fault 27: ${enough.toLocaleString('en')} malformed frames and requests: nobody notices, nothing changes`,
  { timeout: 180_000 },
  async () => {
    const random = seeded(seedOf('fault 27'))
    const server = await serve({
      flags: ['--connections-per-key', '2000', '--frame-rate', '1000000', '--frame-burst', '1000000'],
    })
    const session = await newSession(server)
    const other = await newSession(server)
    await command(server, other, 'prompt', { text: 'hello' })
    // One who may only read, one whose sessions are others, and one without a key: nothing of the owner's may change.
    const identity = closing(openIdentity({ dir: server.data, env: systemEnv }), (one) => one.close())
    const viewer = identity.createKey({ name: 'viewer', role: 'viewer' }).key
    const stranger = identity.createKey({ name: 'stranger', user: 'stranger' }).key
    const keys = [viewer, stranger, '']

    const bystander = closing(await openNative(server.url, { key: server.key() }), (one) => one.close())
    bystander.send({ t: 'sub', id: 's', session })
    await bystander.next('live')
    const listed = async (): Promise<unknown> => (await ask(server, '/v1/sessions')).json()
    while ((await readState(server, other)).running !== null) await wait(20)
    const otherLog = await readLog(server, other)
    const before = await server.holding()

    const sent = { frames: 0, requests: 0 }
    const unexplained: string[] = []
    const codes = new Map<number, number>()
    const corpus = frames(session)

    /** A socket that says hello, then a burst of nonsense, and hears why it is closed. */
    const onSocket = async (): Promise<void> => {
      const key = keys[Math.floor(random() * keys.length)] ?? ''
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/socket`, 'holdfast.v1', {
        headers: key === '' ? {} : { authorization: `Bearer ${key}` },
      })
      let last = ''
      socket.on('error', () => undefined)
      socket.on('message', (data) => (last = String(data)))
      const code = await new Promise<number>((resolve) => {
        socket.once('close', resolve)
        socket.once('open', () => {
          if (random() < 0.9) socket.send(JSON.stringify({ t: 'hello', v: 1 }))
          for (let count = 0; count < 30; count++) {
            const frame = corpus[Math.floor(random() * corpus.length)] ?? {}
            const text = mutate(frame, random)
            socket.send(random() < 0.02 ? Buffer.from(text) : text, { binary: random() < 0.01 })
            sent.frames += 1
          }
          socket.send('that is all')
        })
      })
      codes.set(code, (codes.get(code) ?? 0) + 1)
      if (code >= 4000 && !/"t":"(bye|err)"/.test(last)) unexplained.push(`${code} after ${last.slice(0, 200)}`)
    }
    const paths = [
      '/v1/sessions',
      `/v1/sessions/${session}`,
      `/v1/sessions/${session}/events`,
      `/v1/sessions/${session}/commands`,
      `/v1/sessions/${session}/snapshot`,
      '/v1/tickets',
      '/v1/keys',
      '/v1/streams/fuzz',
      '/v1/search',
      '/v1/socket',
      '/%',
    ]
    const onHttp = (): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(server.port, '127.0.0.1')
        const frame = corpus[Math.floor(random() * corpus.length)] ?? {}
        const path = paths[Math.floor(random() * paths.length)] ?? '/'
        const key = keys[Math.floor(random() * keys.length)] ?? ''
        socket.on('error', () => undefined)
        socket.once('data', () => socket.destroy())
        socket.setTimeout(200, () => socket.destroy())
        socket.once('close', () => resolve())
        socket.end(request(server.port, path, key, mutate(frame, random), random), 'latin1')
        sent.requests += 1
      })

    await command(server, session, 'prompt', { text: 'count to 100000 at 400/s' })
    const list = await listed()
    const begun = performance.now()
    const worker = async (work: () => Promise<void>): Promise<void> => {
      while (performance.now() - begun < least || sent.frames < enough) await work()
    }
    await Promise.all([
      ...Array.from({ length: 12 }, () => worker(onSocket)),
      ...Array.from({ length: 6 }, () => worker(onHttp)),
    ])
    const took = performance.now() - begun
    bystander.send({ t: 'cmd', id: 'stop', session, type: 'cancel', data: {} })
    await bystander.next('ev', ({ e }) => e.some(({ type }) => type === 'turn.ended'))
    console.log(
      `fault 27: ${sent.frames} frames and ${sent.requests} requests in ${(took / 1000).toFixed(1)} s; close codes ${JSON.stringify(Object.fromEntries(codes))}`,
    )
    // The bystander was streamed to all the time, and has everything.
    const events = bystander.frames.flatMap((frame) => (frame.t === 'ev' ? frame.e : []))
    const log = await readLog(server, session)
    const copies = [{ name: 'bystander', events, current: true }]
    expect(check({ log, copies, calm: { ms: 0, waiting: 0 } })).toEqual([])
    expect(events.length).toBeGreaterThan((took / 1000) * 5)
    expect(unexplained).toEqual([])
    // Nobody but the owner said anything, anywhere that is the owner's.
    expect(new Set(log.flatMap(({ type, by }) => (type === 'owner' || by.startsWith('agent:') ? [] : [by])))).toEqual(
      new Set(['user:owner']),
    )
    expect(log.filter(({ type }) => type === 'prompt')).toHaveLength(1)
    expect(await readLog(server, other)).toEqual(otherLog)
    const ids = (answer: unknown): readonly string[] =>
      (answer as { sessions: readonly { id: string; title: string }[] }).sessions
        .map(({ id, title }) => `${id} ${title}`)
        .sort()
    expect(ids(await listed())).toEqual(ids(list))
    // Sockets of the fuzzer that were dropped without a close are gone, too.
    let after = await server.holding()
    for (let tries = 0; tries < 100 && (after.fds > before.fds + 2 || after.timers > before.timers + 2); tries++) {
      await wait(100)
      after = await server.holding()
    }
    expect(check({ log, held: { before: { ...before, rss: after.rss }, after } })).toEqual([])
    expect(server.errors()).not.toContain('a defect')
    expect(server.errors()).not.toContain('could not be handled')
  },
)
