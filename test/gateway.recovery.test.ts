import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { demoAgent, demoText } from '../src/agents/demo/demo-agent.ts'
import type { Event } from '../src/core/events.ts'
import { foldSession } from '../src/core/fold.ts'
import type { Agent, Journal } from '../src/core/ports.ts'
import { emptySession, type SessionState, sessionStatus } from '../src/core/session.ts'
import { systemEnv as env } from '../src/env.ts'
import { createGateway, type Gateway } from '../src/gateway/gateway.ts'
import { load } from '../src/gateway/load.ts'
import { openSqliteJournal } from '../src/journals/sqlite/open.ts'
import { closing, folder } from './tools/closing.ts'
import { answers, logOf, untilState } from './tools/session.ts'

const bugs: unknown[] = []
const on = (journal: Journal, agents: readonly Agent[] = [demoAgent({ env, pace: 2 })]): Gateway =>
  closing(
    createGateway({
      journal,
      agents,
      env,
      node: 'n',
      hash: (text) => text,
      onBug: (error) => bugs.push(error),
    }),
    (one) => one.close(),
  )
const file = async (): Promise<string> => join(await folder(), 'journal.db')
let ids = 0
const say = (gateway: Gateway, type: string, data: object = {}, id = `c${++ids}`) =>
  gateway.say({ id, session: 's', by: 'user:a', type, data })
const until = (gateway: Gateway, holds: (state: SessionState) => boolean) => untilState(gateway, 's', holds)
const idle = (state: SessionState): boolean => sessionStatus(state) === 'idle' && state.turns > 0
const log = (journal: Journal): Promise<readonly Event[]> => logOf(journal, 's')
const ends = (events: readonly Event[]) => events.filter((event) => event.type === 'turn.ended')

/**
 * A gateway that is cut off from its journal at once, as by kill -9: nothing that it does afterwards is written. The
 * journal is closed below it, so the file is left as it stands.
 */
const crash = async (journal: Journal): Promise<void> => journal.close()

describe('after a crash', () => {
  it('[I1] [I4] what was said is kept, the turn gets one end, and the queue goes on', async () => {
    const path = await file()
    const first = await openSqliteJournal({ file: path })
    const before = on(first)
    await say(before, 'create')
    await say(before, 'prompt', { text: 'count to 2000' })
    await say(before, 'prompt', { text: 'hello' })
    const shown = answers(await until(before, (state) => answers(state).length > 40))
    await crash(first)

    const second = await openSqliteJournal({ file: path })
    const after = on(second)
    await after.recover()
    const state = await until(after, (now) => idle(now) && now.turns === 2)
    expect(answers(state).startsWith(shown)).toBe(true)
    expect(answers(state).endsWith(demoText('hello'))).toBe(true)
    expect(state.items.find((item) => item.kind === 'end')).toMatchObject({
      outcome: 'interrupted',
      code: 'restarted',
      retryable: true,
    })
    expect(ends(await log(second)).map(({ outcome }) => outcome)).toEqual(['interrupted', 'complete'])
    expect(state.items.every((item) => item.kind !== 'message' || item.final)).toBe(true)
  })

  it('[I3] a command that was acknowledged before the crash is a repetition after it', async () => {
    const path = await file()
    const first = await openSqliteJournal({ file: path })
    const before = on(first)
    await say(before, 'create')
    const receipt = await say(before, 'prompt', { text: 'hello' }, 'p1')
    await crash(first)
    const after = on(await openSqliteJournal({ file: path }))
    expect(await say(after, 'prompt', { text: 'hello' }, 'p1')).toEqual({ ...receipt, dup: true })
    await expect(say(after, 'prompt', { text: 'other' }, 'p1')).rejects.toMatchObject({ code: 'command_id_reused' })
  })

  it('a question survives, and its answer goes to a new attempt of the same turn', async () => {
    const path = await file()
    const first = await openSqliteJournal({ file: path })
    const before = on(first)
    await say(before, 'create')
    await say(before, 'prompt', { text: 'write a file' })
    const asked = (state: SessionState) => state.items.find((item) => item.kind === 'ask')
    const ask = asked(await until(before, (state) => asked(state) !== undefined))
    await crash(first)

    const second = await openSqliteJournal({ file: path })
    const after = on(second)
    await after.recover()
    const waiting = await until(after, (state) => state.running?.attempt === 2)
    expect(sessionStatus(waiting)).toBe('requires_action')
    expect(waiting.items.filter((item) => item.kind === 'ask')).toEqual([ask])
    await say(after, 'answer', { ask: ask?.id, option: ask?.kind === 'ask' ? ask.ask.options[0]?.id : '' })
    const state = await until(after, idle)
    expect(state.items.some((item) => item.kind === 'artifact')).toBe(true)
    expect(ends(await log(second))).toMatchObject([{ outcome: 'complete' }])
  })
})

describe('stopping', () => {
  it('fault 29: a drain lets a short turn end and interrupts a long one; both are told', async () => {
    const path = await file()
    const first = await openSqliteJournal({ file: path })
    const gateway = on(first)
    await say(gateway, 'create')
    await say(gateway, 'prompt', { text: 'hello' })
    await gateway.drain(5000)
    expect(ends(await log(first))).toMatchObject([{ outcome: 'complete' }])
    await expect(say(gateway, 'prompt', { text: 'hello' })).rejects.toMatchObject({ code: 'draining' })
  })

  it('fault 29: what does not end in time is interrupted{shutdown}, and its queue waits for the next start', async () => {
    const path = await file()
    const first = await openSqliteJournal({ file: path })
    const gateway = on(first)
    await say(gateway, 'create')
    await say(gateway, 'prompt', { text: 'count to 5000' })
    await say(gateway, 'prompt', { text: 'hello' })
    await until(gateway, (state) => answers(state).length > 20)
    await gateway.drain(20)
    expect(ends(await log(first))).toMatchObject([{ outcome: 'interrupted', code: 'shutdown' }])
    await gateway.close()
    const after = on(await openSqliteJournal({ file: path }))
    await after.recover()
    expect(answers(await until(after, (state) => idle(state) && state.turns === 2))).toContain(demoText('hello'))
  })
})

describe('stopping while a question is open', () => {
  it('does not wait for the answer, and the question is there after the next start', async () => {
    const path = await file()
    const first = await openSqliteJournal({ file: path })
    const gateway = on(first)
    await say(gateway, 'create')
    await say(gateway, 'prompt', { text: 'write a file' })
    const asked = (state: SessionState) => state.items.find((item) => item.kind === 'ask')
    const ask = asked(await until(gateway, (state) => asked(state) !== undefined))
    await gateway.drain(60_000)
    const answer = { ask: ask?.id, option: ask?.kind === 'ask' ? ask.ask.options[0]?.id : '' }
    await expect(say(gateway, 'answer', answer)).rejects.toMatchObject({ code: 'draining' })
    expect(ends(await log(first))).toEqual([])
    await gateway.close()

    const second = await openSqliteJournal({ file: path })
    const after = on(second)
    await after.recover()
    await until(after, (state) => state.running?.attempt === 2)
    expect(asked(await after.state('s'))).toEqual(ask)
    await say(after, 'answer', answer)
    await until(after, idle)
    expect(ends(await log(second))).toMatchObject([{ outcome: 'complete' }])
  })
})

describe('agents that misbehave', () => {
  const agent = (run: Agent['run']): Agent => ({
    name: 'bad',
    title: 'bad',
    steers: false,
    resumes: () => false,
    models: async () => [],
    run,
  })
  const half = { type: 'text', mid: 'm', part: 0, offset: 0, delta: 'half' } as const

  it('one that throws what is no Failure: what was said stays, the end is internal and tells nothing of the inside', async () => {
    const journal = await openSqliteJournal({ file: await file() })
    const gateway = on(journal, [
      agent(async function* () {
        yield half
        throw new Error('secret path /etc')
      }),
    ])
    await say(gateway, 'create')
    await say(gateway, 'prompt', { text: 'x' })
    const state = await until(gateway, idle)
    expect(answers(state)).toBe('half')
    expect(JSON.stringify(state)).not.toContain('secret path')
    expect(ends(await log(journal))).toMatchObject([{ outcome: 'failed', code: 'internal' }])
    expect(String(bugs.splice(0)[0])).toContain('secret path')
  })

  it('one that does not hear: cancel ends its turn within about a second, and what it says later is not said', async () => {
    let late: Promise<unknown> = Promise.resolve()
    const journal = await openSqliteJournal({ file: await file() })
    const gateway = on(journal, [
      agent(async function* () {
        yield half
        late = new Promise((resolve) => setTimeout(resolve, 1300))
        await late
        yield { ...half, offset: 4, delta: ' late' }
      }),
    ])
    await say(gateway, 'create')
    await say(gateway, 'prompt', { text: 'x' })
    await until(gateway, (state) => answers(state) === 'half')
    await say(gateway, 'cancel')
    const state = await until(gateway, idle)
    await late
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await gateway.state('s')).seq).toBe(state.seq)
    expect(answers(state)).toBe('half')
    expect(ends(await log(journal))).toMatchObject([{ outcome: 'cancelled' }])
  })

  it('one whose offsets have a hole: the turn fails, the log stays whole', async () => {
    const journal = await openSqliteJournal({ file: await file() })
    const gateway = on(journal, [
      agent(async function* () {
        yield half
        yield { ...half, offset: 9, delta: '!' }
      }),
    ])
    await say(gateway, 'create')
    await say(gateway, 'prompt', { text: 'x' })
    const state = await until(gateway, idle)
    expect(answers(state)).toBe('half')
    expect(ends(await log(journal))).toHaveLength(1)
    expect(foldSession(emptySession, await log(journal))).toEqual(state)
    bugs.splice(0)
  })
})

describe('steering', () => {
  const steered = (run: Agent['run']): Agent => ({
    name: 'steered',
    title: 'steered',
    steers: true,
    resumes: () => false,
    models: async () => [],
    run,
  })

  it('a prompt goes to the turn that runs, and belongs to it', async () => {
    const journal = await openSqliteJournal({ file: await file() })
    const gateway = on(journal, [
      steered(async function* (turn) {
        for await (const { text } of turn.steering) {
          yield { type: 'text', mid: 'm', part: 0, offset: 0, delta: `heard ${text}` }
          return
        }
      }),
    ])
    await say(gateway, 'create')
    await say(gateway, 'prompt', { text: 'go' })
    await say(gateway, 'prompt', { text: 'left', mode: 'steer' })
    const state = await until(gateway, idle)
    expect(answers(state)).toBe('heard left')
    expect(state.turns).toBe(1)
  })

  it('one that the agent did not hear gets a turn of its own, once', async () => {
    const journal = await openSqliteJournal({ file: await file() })
    let turns = 0
    const gateway = on(journal, [
      steered(async function* ({ prompt }) {
        await new Promise((resolve) => setTimeout(resolve, turns++ === 0 ? 100 : 0))
        yield { type: 'text', mid: `m${turns}`, part: 0, offset: 0, delta: `answer to ${prompt.text}` }
      }),
    ])
    await say(gateway, 'create')
    await say(gateway, 'prompt', { text: 'go' })
    await say(gateway, 'prompt', { text: 'left', mode: 'steer' })
    const state = await until(gateway, (now) => idle(now) && now.turns === 2)
    expect(answers(state)).toBe('answer to go\n\nanswer to left')
    expect(ends(await log(journal))).toHaveLength(2)
    expect(foldSession(emptySession, await log(journal))).toEqual(state)
  })
})

describe('trimming', () => {
  it('[I9] the state before and after is the same, and the session goes on', async () => {
    const path = await file()
    const journal = await openSqliteJournal({ file: path })
    const gateway = on(journal)
    await say(gateway, 'create')
    await say(gateway, 'prompt', { text: 'write a file' })
    const ask = (await until(gateway, (state) => state.items.some((item) => item.kind === 'ask'))).items.find(
      (item) => item.kind === 'ask',
    )
    expect(await gateway.trim(Date.now() + 1000)).toBe(0)
    await say(gateway, 'answer', { ask: ask?.id, option: ask?.kind === 'ask' ? ask.ask.options[0]?.id : '' })
    const before = await until(gateway, idle)
    expect(await gateway.trim(Date.now() + 1000)).toBe(1)
    expect(await gateway.trim(Date.now() + 1000)).toBe(0)
    expect(await load(journal, 's')).toEqual(before)
    await expect(journal.read('s', 0)).rejects.toMatchObject({ code: 'trimmed' })
    await say(gateway, 'prompt', { text: 'hello' })
    const after = await until(gateway, (state) => idle(state) && state.turns === 2)
    expect(after.items.slice(0, before.items.length)).toEqual(before.items)
    expect(await load(journal, 's')).toEqual(after)
  })
})
