import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { eventsOf } from '../../src/core/batch.ts'
import type { Event } from '../../src/core/events.ts'
import { Failure } from '../../src/core/failures.ts'
import type { Agent, Answer, Env, Journal } from '../../src/core/ports.ts'
import { systemEnv } from '../../src/env.ts'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { memoryJournal, memoryStore } from '../../src/journals/memory.ts'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { virtualEnv } from '../tools/env.ts'
import { until } from '../tools/until.ts'

const open: Gateway[] = []
const dirs: string[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((gateway) => gateway.close()))
  await Promise.all(dirs.splice(0).map((dir) => rm(dir, { recursive: true, force: true })))
})

const silent: Agent = {
  name: 'silent',
  title: '',
  steers: false,
  models: () => Promise.resolve([]),
  resumes: () => false,
  run: async function* () {
    yield* []
  },
}
const on = (journal: Journal, env: Env = systemEnv, agents: readonly Agent[] = [silent]): Gateway => {
  const gateway = createGateway({ journal, agents, env, node: 'n', hash: (text) => text })
  open.push(gateway)
  return gateway
}
const sqlite = async (): Promise<Journal> => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-qa-'))
  dirs.push(dir)
  return openSqliteJournal({ file: join(dir, 'journal.db') })
}
const say = (gateway: Gateway, id: string, type: string, data: object = {}, session = 's') =>
  gateway.say({ id, session, by: 'user:a', type, data })
const log = async (journal: Journal): Promise<readonly Event[]> =>
  (await journal.read('s', 0, 10_000_000)).batches.flatMap(eventsOf)
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof Failure ? error.code : String(error)),
  )

describe('ids', () => {
  it('[W3] [S25] an id that a store could not tell from another one is refused, not taken for it', async () => {
    const gateway = on(await sqlite())
    await say(gateway, 'c', 'create')
    expect(await code(say(gateway, '\ud800', 'prompt', { text: 'one' }))).toBe('invalid_request')
    expect(await code(say(gateway, '\ud801', 'prompt', { text: 'one' }))).toBe('invalid_request')
    expect(await code(say(gateway, 'c', 'create', {}, '\ud800'))).toBe('invalid_request')
  })
})

describe('questions', () => {
  it('[E7] one that is answered while its time ends is resolved once', async () => {
    const env = virtualEnv()
    const inner = memoryJournal(memoryStore(env), { env })
    let held: (() => void) | undefined
    let hold = false
    const journal: Journal = {
      ...inner,
      append: async (...args) => {
        if (hold) await new Promise<void>((resolve) => (held = resolve))
        return inner.append(...args)
      },
    }
    let answer: Answer | undefined
    const asking: Agent = {
      ...silent,
      run: async function* (turn) {
        const options = [{ id: 'yes', label: 'Yes', kind: 'choice' as const }]
        yield* []
        answer = await turn.ask({ kind: 'question', subject: { title: '?' }, options, timeout: 1000 })
      },
    }
    const gateway = on(journal, env, [asking])
    const going = say(gateway, 'c', 'create').then(() => say(gateway, 'p', 'prompt', { text: 'x' }))
    const drive = async <T>(promise: Promise<T>): Promise<T> => {
      let over = false
      const done = promise.finally(() => (over = true))
      await until(() => {
        env.advance(1)
        return over
      })
      return done
    }
    await drive(going)
    const ask = await until(async () => {
      env.advance(1)
      return (await log(inner)).find((event) => event.type === 'ask')
    }, 'the question')
    hold = true
    const answered = say(gateway, 'a', 'answer', { ask: ask.ask, option: 'yes' })
    await until(() => held !== undefined, 'the answer on its way to the disk')
    env.advance(2000)
    hold = false
    held?.()
    await drive(answered)
    await drive(until(() => answer !== undefined, 'the answer at the agent'))
    await drive(until(async () => (await log(inner)).some((event) => event.type === 'turn.ended'), 'the end'))
    expect(answer?.outcome).toBe('answered')
    expect((await log(inner)).filter((event) => event.type === 'ask.resolved').map(({ outcome }) => outcome)).toEqual([
      'answered',
    ])
  })
})

describe('questions of an earlier attempt', () => {
  const options = [{ id: 'yes', label: 'Yes', kind: 'choice' as const }]
  const question = { kind: 'question' as const, subject: { title: 'Go on?' }, options }

  it('[E7] one that was answered before the agent asked again is not asked again', async () => {
    const env = systemEnv
    const store = memoryStore(env)
    const heard: string[] = []
    let ready = (): void => undefined
    const slow = new Promise<void>((resolve) => (ready = resolve))
    const asking: Agent = {
      ...silent,
      resumes: () => true,
      run: async function* (turn) {
        yield* []
        if (turn.attempt > 1) await slow
        const { option, outcome } = await turn.ask(question)
        heard.push(option ?? outcome)
      },
    }
    const first = memoryJournal(store, { env })
    const before = on(first, env, [asking])
    await say(before, 'c', 'create')
    await say(before, 'p', 'prompt', { text: 'x' })
    const ask = await until(async () => (await log(first)).find((event) => event.type === 'ask'), 'the question')
    await before.close()
    const second = memoryJournal(store, { env })
    const after = on(second, env, [asking])
    await after.recover()
    await say(after, 'a', 'answer', { ask: ask.ask, option: 'yes' })
    ready()
    await until(async () => (await log(second)).some((event) => event.type === 'turn.ended'), 'the end')
    expect(heard.at(-1)).toBe('yes')
    expect((await log(second)).filter((event) => event.type === 'ask')).toHaveLength(1)
  })

  it('[E7] two of the same words at once are two questions', async () => {
    const env = systemEnv
    const journal = memoryJournal(memoryStore(env), { env })
    const asking: Agent = {
      ...silent,
      run: async function* (turn) {
        yield* []
        await Promise.all([turn.ask(question), turn.ask(question)])
      },
    }
    const gateway = on(journal, env, [asking])
    await say(gateway, 'c', 'create')
    await say(gateway, 'p', 'prompt', { text: 'x' })
    const asks = await until(async () => {
      const found = (await log(journal)).filter((event) => event.type === 'ask')
      return found.length === 2 && found
    }, 'two questions')
    for (const [i, { ask }] of asks.entries()) await say(gateway, `a${i}`, 'answer', { ask, option: 'yes' })
    await until(async () => (await log(journal)).some((event) => event.type === 'turn.ended'), 'the end')
  })
})

describe('a session whose agent is not there any more', () => {
  it('[W8] can still be renamed and put away', async () => {
    const env = systemEnv
    const store = memoryStore(env)
    const before = on(memoryJournal(store, { env }), env, [silent, { ...silent, name: 'other' }])
    await say(before, 'c', 'create', { agent: 'other' })
    await before.close()
    const after = on(memoryJournal(store, { env }))
    expect(await code(say(after, 'u', 'update', { title: 'old', archived: true }))).toBe('done')
    expect(await code(say(after, 'v', 'update', { agent: 'none' }))).toBe('agent_unavailable')
  })
})

describe('removing', () => {
  it('[S9] twice at once: each caller hears that it is gone, nobody that another node has it', async () => {
    const gateway = on(await sqlite())
    await say(gateway, 'c', 'create')
    const heard = await Promise.all([1, 2, 3].map(() => code(gateway.remove('s'))))
    expect(heard.toSorted()).toEqual(['done', 'not_found', 'not_found'])
  })
})
