import { describe, expect, test } from 'vitest'
import { place } from '../src/core/batch.ts'
import type { Said, SaidByAgent } from '../src/core/events.ts'
import { Failure } from '../src/core/failures.ts'
import { foldSession } from '../src/core/fold.ts'
import { emptySession, type SessionState } from '../src/core/session.ts'
import { demoAgent, demoText } from '../src/agents/demo/demo-agent.ts'
import { helpText, scenes } from '../src/agents/demo/scenes.ts'
import { systemEnv } from '../src/env.ts'
import { virtualEnv } from './tools/env.ts'
import { checkSpeech, eventsOfType, listen, messagesIn, testTurn, textIn, type TurnOptions } from './agents-turn.ts'

const instant = demoAgent({ env: virtualEnv(), pace: 0 })
const run = async (prompt: string, options: TurnOptions = {}) => {
  const turn = testTurn(prompt, options)
  const heard = await listen(instant, turn)
  checkSpeech(heard.events)
  return { ...heard, turn, text: textIn(heard.events) }
}
const usageOf = (events: readonly SaidByAgent[]) =>
  eventsOfType(events, 'usage').map(({ input, output }) => [input, output])

describe('the fixed answers [wires/README]', () => {
  test.each(['hello', 'Hello Claude!', 'Hello again', 'please say HELLO'])('%s', async (prompt) => {
    const { text, events, error } = await run(prompt)
    expect(text).toBe('Hello! How can I help you today?')
    expect(usageOf(events)).toEqual([[10, 8]])
    expect(error).toBeUndefined()
  })

  test('Write a SwiftUI view', async () => {
    const { text, events } = await run('Write a SwiftUI view')
    expect(text).toMatch(/```swift\n[^`]+```/)
    expect(usageOf(events)).toEqual([[25, 150]])
  })

  test.each(['Please fail', 'FAIL'])('%s', async (prompt) => {
    const { text, events, error } = await run(prompt)
    expect(text).toBe('I encountered an error. Let me try again...')
    expect(usageOf(events)).toEqual([[15, 12]])
    expect(error).toMatchObject({ code: 'agent_failed' })
  })

  test('Create a P1 story for user authentication', async () => {
    const { events, text } = await run('Create a P1 story for user authentication')
    expect(eventsOfType(events, 'tool').map(({ name, state }) => [name, state])).toEqual([
      ['create_story', 'running'],
      ['create_story', 'completed'],
    ])
    const [artifact] = eventsOfType(events, 'artifact')
    expect(artifact).toMatchObject({ kind: 'story', title: 'User authentication', version: 1 })
    expect(JSON.parse(artifact?.body ?? '')).toMatchObject({ priority: 'P1', title: 'User authentication' })
    expect(text).toContain('User authentication')
  })

  test('Create a story and fail the tool: an error artifact, and the turn completes', async () => {
    const { events, error } = await run('Create a story and fail the tool')
    const tools = eventsOfType(events, 'tool')
    expect(tools.map(({ state }) => state)).toEqual(['running', 'failed'])
    expect(tools[1]?.error).toEqual(expect.any(String))
    expect(eventsOfType(events, 'artifact')).toMatchObject([{ kind: 'error' }])
    expect(error).toBeUndefined()
  })
})

describe('the oracle: what it says is a function of seed and prompt', () => {
  const timeless = scenes.map((scene) => scene.type).filter((type) => !type.startsWith('slow'))
  test.each([...timeless, 'anything else', ''])('%s', async (prompt) => {
    const { events } = await run(prompt, { answer: () => ({ option: 'deny' }) })
    const turn = testTurn(prompt)
    const again: SaidByAgent[] = []
    for await (const event of instant.run(turn)) {
      again.push(event)
      if (event.type === 'message') break
    }
    expect(messagesIn(events)[0]).toBe(messagesIn(again)[0])
    expect(textIn(events).startsWith(demoText(prompt))).toBe(true)
  })

  test('the seed changes the words that are drawn, and only those', () => {
    expect(demoText('slow 20', 1)).not.toBe(demoText('slow 20', 2))
    expect(demoText('hello', 1)).toBe(demoText('hello', 2))
  })

  test('counts to 100,000: every token, once, in pieces that fit a frame', async () => {
    const { events, text } = await run('count to 100,000')
    expect(text).toBe(Array.from({ length: 100_000 }, (_, index) => index + 1).join(' '))
    expect(text).toBe(demoText('count to 100,000'))
    const deltas = eventsOfType(events, 'text')
    expect(Math.max(...deltas.map((event) => event.delta.length))).toBeLessThanOrEqual(8192)
    expect(deltas.length).toBeLessThan(200)
    expect(usageOf(events)).toEqual([[3, 100_000]])
  })

  test.each([
    ['count to 0', '1'],
    ['count to 3', '1 2 3'],
    ['Count to 1_2', Array.from({ length: 12 }, (_, index) => index + 1).join(' ')],
    ['count to', '1 2 3 4 5 6 7 8 9 10'],
    ['count to -5', '1 2 3 4 5 6 7 8 9 10'],
  ])('%s', async (prompt, answer) => {
    expect((await run(prompt)).text).toBe(answer)
  })

  test('more than 100,000 is 100,000', () => {
    expect(demoText('count to 999999999999').endsWith(' 100000')).toBe(true)
  })

  test('[S25] a prompt with half a surrogate pair is echoed mended', async () => {
    expect((await run('half \ud83d of it')).text).toMatch(/^You said: half \ufffd of it\n/)
  })

  test('the help names everything there is', () => {
    for (const { type } of scenes) expect(helpText()).toContain(type)
  })
})

describe('thoughts, tools and errors', () => {
  test('think: the thoughts come first and apart', async () => {
    const { events } = await run('think')
    const [message] = eventsOfType(events, 'message')
    expect(message?.parts.map((part) => part.type)).toEqual(['thinking', 'text'])
  })

  test('tool: progress from 0 to 1, output line by line', async () => {
    const { events } = await run('tool')
    const progress = eventsOfType(events, 'tool').flatMap((event) => event.progress ?? [])
    expect(progress).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(
      eventsOfType(events, 'tool.output')
        .map((event) => event.delta)
        .join(''),
    ).toBe('introduction: nothing\nguide: nothing\nreference: one match\nappendix: nothing\n')
  })

  test('overload: an error that says when to come back', async () => {
    const { error } = await run('overload')
    expect(error).toBeInstanceOf(Failure)
    expect(error).toMatchObject({ code: 'upstream_overloaded', retryAfterMs: 5000 })
  })
})

/** A session as it stands after a turn, so that the next one sees it. */
const after = (session: SessionState, turn: string, events: readonly SaidByAgent[]): SessionState => {
  const said = events.map((event): Said => {
    const stamp: object = { turn, agent: 'demo', by: 'agent:demo', at: 0 }
    return { ...stamp, ...event } as Said
  })
  const end: Said = { type: 'turn.ended', by: 'agent:demo', at: 0, turn, outcome: 'complete' }
  return foldSession(session, place([...said, end], session.seq))
}

describe('write a file', () => {
  test.each(['allow_once', 'allow_session'])('%s: output, artifact 1, then 2', async (option) => {
    let session = emptySession
    for (const version of [1, 2, 3]) {
      const { events, turn } = await run('write a file', { session, answer: () => ({ option }) })
      expect(turn.asked).toMatchObject([{ kind: 'permission', subject: { title: 'Write notes.md' } }])
      expect(eventsOfType(events, 'tool').map(({ state }) => state)).toEqual([
        'pending',
        'pending',
        'pending',
        'running',
        'completed',
      ])
      expect(eventsOfType(events, 'artifact')).toMatchObject([{ aid: 'demo:notes.md', version }])
      expect(
        eventsOfType(events, 'plan')
          .at(-1)
          ?.items.map(({ state }) => state),
      ).toEqual(['done', 'done'])
      session = after(turn.session, turn.id, events)
    }
  })

  test.each([{ option: 'deny' }, { outcome: 'expired' as const }, { option: 'constructor' }])(
    '%o: no artifact, and a polite answer',
    async (answer) => {
      const { events, error, text } = await run('write a file', { answer: () => answer })
      expect(error).toBeUndefined()
      expect(eventsOfType(events, 'artifact')).toEqual([])
      expect(eventsOfType(events, 'tool').at(-1)?.state).toMatch(/denied|cancelled/)
      expect(text).toContain('notes.md stays as it is')
    },
  )

  test('cancelled while it asks: it ends', async () => {
    const turn = testTurn('write a file')
    const heard = listen(instant, turn)
    await expect.poll(() => turn.asked.length).toBe(1)
    turn.cancel()
    expect((await heard).error).toBeUndefined()
  })

  test('a question survives a restart: the second attempt goes on at it', async () => {
    const turn = testTurn('write a file')
    const heard: SaidByAgent[] = []
    for await (const event of instant.run(turn)) {
      heard.push(event)
      if (event.type === 'plan' && event.items[0]?.state === 'done') break
    }
    const tid = eventsOfType(heard, 'tool')[0]?.tid
    const ask = {
      ask: 'ask-1',
      kind: 'permission' as const,
      tid: tid ?? '',
      subject: { title: 'Write notes.md' },
      options: [],
    }
    const stamp: object = { turn: turn.id, by: 'agent:demo', at: 0 }
    const said = heard.map((event) => ({ ...stamp, ...event }) as Said)
    const session = foldSession(
      turn.session,
      place([...said, { type: 'ask', by: 'agent:demo', at: 0, turn: turn.id, ...ask }], turn.session.seq),
    )
    expect(instant.resumes(session)).toBe(true)
    expect(instant.resumes(turn.session)).toBe(false)
    const second = {
      ...testTurn('write a file', { answer: () => ({ option: 'deny' }) }),
      id: turn.id,
      attempt: 2,
      session,
    }
    const { events, error } = await listen(instant, second)
    expect(error).toBeUndefined()
    expect(second.asked).toHaveLength(1)
    expect(eventsOfType(events, 'tool')).toMatchObject([{ tid, state: 'denied' }])
    expect(textIn(events)).not.toContain('two steps')
  })
})

describe('ask me', () => {
  test.each([
    [{ option: 'tea' }, 'Your answer: Tea. Thank you.'],
    [{ text: 'juice' }, 'Your answer: "juice". Thank you.'],
    [{ option: 'water', text: 'cold' }, 'Your answer: Water, "cold". Thank you.'],
    [{ outcome: 'expired' as const }, 'No answer came, so I will not guess.'],
  ])('%o', async (answer, reply) => {
    const { events, turn } = await run('ask me', { answer: () => answer })
    expect(turn.asked).toMatchObject([{ kind: 'question', free: true }])
    expect(messagesIn(events).at(-1)).toBe(reply)
  })
})

describe('pace and steering', () => {
  test('a word at its time: the text after n words follows the clock', async () => {
    const env = virtualEnv()
    const turn = testTurn('slow 10')
    const events: SaidByAgent[] = []
    const heard = listen(demoAgent({ env, pace: 0 }), turn, (event) => events.push(event))
    const words = demoText('slow 10').split(' ')
    for (let said = 1; said <= words.length; said++) {
      await expect
        .poll(() =>
          eventsOfType(events, 'text')
            .map((event) => event.delta)
            .join('')
            .trim(),
        )
        .toBe(words.slice(0, said).join(' '))
      await expect.poll(() => env.timers() > 0 || events.at(-1)?.type === 'usage').toBe(true)
      env.advance(200)
    }
    expect((await heard).error).toBeUndefined()
  })

  test('"at 2000/s": all of it, in far fewer events than words', async () => {
    const { events } = await listen(demoAgent({ env: systemEnv, pace: 1000 }), testTurn('count to 1000 at 2000/s'))
    checkSpeech(events)
    expect(textIn(events)).toBe(demoText('count to 1000'))
    expect(eventsOfType(events, 'text').length).toBeLessThan(200)
  })

  test('a prompt that steers is acknowledged in the text, and nothing else of it changes', async () => {
    const turn = testTurn('count to 400 at 1000/s')
    let steered = false
    const { events } = await listen(demoAgent({ env: systemEnv }), turn, () => {
      if (!steered) turn.steer('faster, please')
      steered = true
    })
    checkSpeech(events)
    const note = '\n\n(You said: "faster, please". I go on.)\n\n'
    expect(textIn(events)).toContain(note)
    expect(textIn(events).replace(note, '')).toBe(demoText('count to 400'))
  })
})
