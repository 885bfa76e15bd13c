import { describe, expect, test } from 'vitest'
import type { Env } from '../../src/core/ports.ts'
import { memoryJournal, memoryStore, type MemoryOptions } from '../../src/journals/memory.ts'
import { command, created, log, seqsIn } from './said.ts'

/** Time that moves when it is told to. A paused env hears of nothing, like a stopped process. */
const handClock = () => {
  let now = 0
  let order = 0
  let timers: { at: number; order: number; call: () => void; paused: () => boolean }[] = []
  const envOf = (paused: () => boolean): Env => ({
    now: () => now,
    monotonic: () => now,
    random: () => 0.5,
    id: () => `id${++order}`,
    after: (ms, call) => {
      const timer = { at: now + ms, order: ++order, call, paused }
      timers.push(timer)
      return () => (timers = timers.filter((one) => one !== timer))
    },
  })
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  return {
    envOf,
    settle,
    pass: async (ms: number) => {
      const end = now + ms
      await settle()
      for (;;) {
        const next = timers
          .filter((one) => one.at <= end && !one.paused())
          .sort((a, b) => a.at - b.at || a.order - b.order)[0]
        if (next === undefined) break
        timers = timers.filter((one) => one !== next)
        now = Math.max(now, next.at)
        next.call()
        await settle()
      }
      now = end
    },
  }
}

const cluster = (options: Partial<MemoryOptions> = {}) => {
  const clock = handClock()
  const store = memoryStore(clock.envOf(() => false))
  const paused = new Set<string>()
  const node = (name: string, more: Partial<MemoryOptions> = {}) =>
    memoryJournal(store, { env: clock.envOf(() => paused.has(name)), node: name, ttl: 3000, ...options, ...more })
  /** Lets `ms` pass and says what became of a call meanwhile. */
  const within = async <T>(ms: number, call: Promise<T>) => {
    let outcome: { value: T } | { code: string } | 'pending' = 'pending'
    void call.then(
      (value) => (outcome = { value }),
      (error: { code: string }) => (outcome = { code: error.code }),
    )
    await clock.pass(ms)
    return outcome as { value: T } | { code: string } | 'pending'
  }
  const must = async <T>(call: Promise<T>, ms = 50): Promise<T> => {
    const outcome = await within(ms, call)
    if (outcome === 'pending' || 'code' in outcome) throw new Error(`expected a value, got ${JSON.stringify(outcome)}`)
    return outcome.value
  }
  const create = (journal: ReturnType<typeof node>) =>
    must(journal.claim('s', { node: 'a', at: 1, create: true, opening: [created('s')] }))
  return { clock, store, paused, node, within, must, create }
}

describe('memory journal in virtual time', () => {
  test('a commit takes its time; what came meanwhile is the next one, together', async () => {
    const { node, within, must, create } = cluster({ commitDelay: () => 10 })
    const a = node('a')
    const lease = await create(a)
    const sent = ['c1', 'c2', 'c3'].map((id) => a.send(command('s', id), 'h'))
    const appended = a.append(lease, [log('1')])
    expect(await within(9, appended)).toBe('pending')
    // The first `send` began a commit alone; the rest is one more.
    expect(await within(12, Promise.all([...sent, appended]))).toMatchObject({
      value: ['new', 'new', 'new', [{ seq: 3 }]],
    })
    expect(seqsIn(await must(a.read('s', 0)))).toEqual([1, 2, 3])
  })
  test('[I1] a crash loses what was not committed and keeps what was, also when nobody was told', async () => {
    const { node, within, must, create, clock } = cluster({ commitDelay: () => 10, ackDelay: () => 10 })
    const a = node('a')
    const lease = await create(a)
    const told: number[] = []
    a.watch('s', (batch) => told.push(batch?.last ?? 0))
    const first = a.append(lease, [log('in the store, not told')])
    await clock.pass(15)
    const waiting = a.send(command('s', 'c'), 'h')
    a.crash()
    expect(await within(100, first)).toBe('pending')
    expect(await within(100, waiting)).toBe('pending')
    expect(told).toEqual([])
    const again = node('a')
    expect(seqsIn(await must(again.read('s', 0)))).toEqual([1, 2, 3])
    expect(await must(again.seen('s', 'c'))).toBeUndefined()
    expect(await must(again.claim('s', { node: 'a', at: 2 }))).toMatchObject({ term: 2, head: 4 })
  })
  test('[I6] a dead node’s session can be taken when its lease ran out, not before', async () => {
    const { node, within, must, create } = cluster()
    const a = node('a')
    const b = node('b')
    await create(a)
    expect(await within(10, b.claim('s', { node: 'b', at: 2 }))).toEqual({ code: 'moved' })
    a.crash()
    expect(await within(500, b.claim('s', { node: 'b', at: 2 }))).toEqual({ code: 'moved' })
    await within(3000, new Promise(() => {}))
    expect(await must(b.claim('s', { node: 'b', at: 2 }))).toMatchObject({ term: 2 })
  })
  const pauseAndSteal = async (broken: MemoryOptions['broken'] = {}) => {
    const { node, within, must, create, paused, clock } = cluster()
    const a = node('a', { broken })
    const b = node('b')
    const lease = await create(a)
    paused.add('a')
    await clock.pass(4000)
    const stolen = await must(b.claim('s', { node: 'b', at: 2 }))
    await must(b.append(stolen, [log('b was here')]))
    paused.delete('a')
    const late = await within(10, a.append(lease, [log('stale')]))
    return { late, lost: lease.lost.aborted, events: seqsIn(await must(b.read('s', 0))).length }
  }
  test('[I6] a node that was stopped longer than its lease steps down when it wakes: its append is refused', async () => {
    expect(await pauseAndSteal()).toEqual({ late: { code: 'moved' }, lost: true, events: 4 })
  })
  test('negative control: without the fence the same stale append lands', async () => {
    expect(await pauseAndSteal({ fence: true })).toMatchObject({ late: { value: [{ seq: 5 }] }, events: 5 })
  })
  test('negative control: without the lease check a living node loses its session; without dedupe a command is kept twice', async () => {
    const { node, within, must, create } = cluster()
    const a = node('a')
    const thief = node('b', { broken: { leases: true, dedupe: true } })
    const lease = await create(a)
    expect(await must(thief.claim('s', { node: 'b', at: 2 }))).toMatchObject({ term: 2 })
    expect(await within(10, a.append(lease, [log('x')]))).toEqual({ code: 'moved' })
    expect([await must(thief.send(command('s', 'c'), 'h')), await must(thief.send(command('s', 'c'), 'h'))]).toEqual([
      'new',
      'new',
    ])
  })
  test('a wake-up that is lost only costs time: the inbox polls', async () => {
    const { node, within, must, create } = cluster({ wakeDelay: () => undefined })
    const a = node('a')
    const b = node('b')
    const lease = await create(a)
    const next = a.inbox(lease)[Symbol.asyncIterator]().next()
    await must(b.send(command('s', 'c'), 'h'))
    expect(await within(1000, next)).toBe('pending')
    expect(await within(2000, next)).toMatchObject({ value: { value: { id: 'c' } } })
  })
})
