import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coalesce } from '../src/agents/coalesce.ts'
import { openAiCompatible } from '../src/agents/openai-compatible/openai-compatible.ts'
import { speak } from '../src/agents/speak.ts'
import { createMender, piecesOf, shorten, wellFormed } from '../src/agents/text.ts'
import type { SaidByAgent } from '../src/core/events.ts'
import { Failure } from '../src/core/failures.ts'
import type { Agent } from '../src/core/ports.ts'
import { systemEnv } from '../src/env.ts'
import { virtualEnv } from './tools/env.ts'
import { seeded } from './tools/seeded.ts'
import { checkSpeech, eventsOfType, listen, testTurn, textIn } from './agents-turn.ts'
import { openai } from './fake-model/openai.ts'
import { type FakeModel, startFakeModel } from './fake-model/server.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)

/** Any UTF-16, lone surrogates included. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xff_ff }), fc.integer({ min: 0xd8_00, max: 0xdf_ff })), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units))

describe(`[fault 26] [S25] text, seed ${seed}`, () => {
  test('pieces of any text, cut anywhere, mend to the same well-formed text', () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 12 }), (pieces) => {
        const mender = createMender()
        const mended = pieces.map(mender.add)
        const whole = mended.join('') + mender.end()
        expect(whole).toBe(pieces.join('').toWellFormed())
        for (const piece of mended) expect(piece.isWellFormed()).toBe(true)
      }),
      { numRuns: 10_000, seed },
    )
  })

  test('pieces of a size join to the same text and split no pair', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 2, max: 20 }), (text, max) => {
        const pieces = piecesOf(text, max)
        expect(pieces.join('')).toBe(text)
        for (const piece of pieces) {
          expect(piece.isWellFormed()).toBe(true)
          expect(piece.length).toBeLessThanOrEqual(max)
        }
        expect(shorten(text, max).isWellFormed()).toBe(true)
      }),
      { numRuns: 10_000, seed },
    )
  })

  test('any JSON is made well formed, keys too, and is otherwise the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), anyText, (value, text) => {
        expect(JSON.stringify(wellFormed({ value, [text]: text }))).toBe(
          JSON.stringify({ value, [text]: text }).replaceAll(/\\ud[89a-f]../gi, '\ufffd'),
        )
      }),
      { numRuns: 1000, seed },
    )
  })

  test('whatever a script says in whatever pieces, with time passing anywhere, the rules hold', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('text' as const), text: anyText }),
      fc.record({ do: fc.constant('thinking' as const), text: anyText }),
      fc.record({ do: fc.constant('output' as const), text: anyText }),
      fc.record({ do: fc.constant('finish' as const) }),
      fc.record({ do: fc.constant('say' as const), text: anyText }),
      fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 60 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, fails) => {
        const env = virtualEnv()
        const agent: Pick<Agent, 'run'> = {
          run: (turn) =>
            speak(turn, env, async (stage) => {
              for (const one of steps) {
                if (one.do === 'text' || one.do === 'thinking') stage[one.do](one.text)
                else if (one.do === 'output') stage.output('tid', one.text)
                else if (one.do === 'finish') stage.finish()
                else if (one.do === 'say') stage.say({ type: 'log', level: 'info', text: one.text })
                else env.advance(one.ms)
                await Promise.resolve()
              }
              if (fails) throw new Failure('agent_failed')
            }),
        }
        const { events, error } = await listen(agent as Agent, testTurn('x'))
        checkSpeech(events)
        expect(error instanceof Failure).toBe(fails)
        expect(eventsOfType(events, 'log')).toHaveLength(steps.filter((one) => one.do === 'say').length)
        expect(env.timers()).toBe(0)
      }),
      { numRuns: 2000, seed },
    )
  })
})

describe('coalescing', () => {
  const delta = (offset: number, text: string): SaidByAgent => ({
    type: 'text',
    mid: 'm',
    part: 0,
    offset,
    delta: text,
  })
  const taken = async (outlet: AsyncIterable<SaidByAgent>): Promise<readonly SaidByAgent[]> => {
    const events: SaidByAgent[] = []
    for await (const event of outlet) events.push(event)
    return events
  }

  test('the first delta at once, the rest of its window as one', async () => {
    const env = virtualEnv()
    const outlet = coalesce(env)
    const heard: string[] = []
    const reading = (async () => {
      for await (const event of outlet) heard.push(event.type === 'text' ? event.delta : event.type)
    })()
    outlet.push(delta(0, 'a'))
    await expect.poll(() => heard).toEqual(['a'])
    outlet.push(delta(1, 'b'))
    env.advance(39)
    outlet.push(delta(2, 'c'))
    expect(heard).toEqual(['a'])
    env.advance(1)
    await expect.poll(() => heard).toEqual(['a', 'bc'])
    outlet.push(delta(3, 'd'))
    outlet.push({ type: 'status', text: 's' })
    // Another event lets out what waits.
    await expect.poll(() => heard).toEqual(['a', 'bc', 'd', 'status'])
    outlet.push(delta(4, 'e'))
    outlet.end()
    await reading
    expect(heard).toEqual(['a', 'bc', 'd', 'status', 'e'])
    expect(env.timers()).toBe(0)
  })

  test('a slow token does not wait for a window', async () => {
    const env = virtualEnv()
    const outlet = coalesce(env)
    outlet.push(delta(0, 'a'))
    env.advance(41)
    const iterator = outlet[Symbol.asyncIterator]()
    await iterator.next()
    outlet.push(delta(1, 'b'))
    expect(await iterator.next()).toMatchObject({ value: { delta: 'b' } })
  })

  test('a reader that is behind gets fewer, larger deltas, none beyond the limit', async () => {
    const env = virtualEnv()
    const outlet = coalesce(env, undefined, { maxDelta: 100 })
    for (let at = 0; at < 1000; at++) {
      outlet.push(delta(at, 'x'))
      env.advance(50)
    }
    outlet.end()
    const events = await taken(outlet)
    expect(events).toHaveLength(10)
  })

  test('what is pushed after the end is not heard; an error is thrown once, after everything else', async () => {
    const outlet = coalesce(virtualEnv())
    outlet.push(delta(0, 'a'))
    outlet.end(new Failure('timeout'))
    outlet.push(delta(1, 'b'))
    outlet.end()
    const iterator = outlet[Symbol.asyncIterator]()
    expect(await iterator.next()).toMatchObject({ value: { delta: 'a' } })
    await expect(iterator.next()).rejects.toMatchObject({ code: 'timeout' })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('room is there when the reader has taken enough, or has gone', async () => {
    const outlet = coalesce(virtualEnv(), undefined, { highWater: 10 })
    outlet.push(delta(0, 'x'.repeat(20)))
    expect(outlet.full()).toBe(true)
    const room = outlet.room()
    const iterator = outlet[Symbol.asyncIterator]()
    await iterator.next()
    await room
    outlet.push({ type: 'status', text: 's' })
    outlet.push(delta(20, 'x'.repeat(20)))
    const more = outlet.room()
    await iterator.return?.()
    await more
  })
})

/** A good stream with a few bytes changed, cut out, doubled, or moved. */
const mutate = (good: Buffer, random: (below: number) => number): Buffer => {
  let bytes = Buffer.from(good)
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(bytes.length)
    const length = random(40)
    const cut = bytes.subarray(at, at + length)
    const kind = random(6)
    if (kind === 0) bytes[at] = random(256)
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), cut, cut, bytes.subarray(at + length)])
    else if (kind === 3) bytes = Buffer.from(bytes.subarray(0, at))
    else if (kind === 4) {
      const words = [
        'null',
        '-1',
        '1e999',
        '[]',
        '{}',
        '"\\ud83d"',
        '\n\n',
        'data: ',
        '\r',
        '[[[[',
        '__proto__',
        '\0',
        '\xff',
      ]
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(words[random(words.length)] ?? ''), bytes.subarray(at)])
    } else bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xed, 0xa0, 0x80, 0xc3]), bytes.subarray(at)])
  }
  return bytes
}

describe(`[fault 14] 2,000 mutated streams, seed ${seed}`, () => {
  let fake: FakeModel
  beforeAll(async () => {
    fake = await startFakeModel()
  })
  afterAll(() => fake.close())

  test('each ends, whole or with a typed failure; the rules hold; memory stays flat', { timeout: 60_000 }, async () => {
    const next = seeded(seed)
    const random = (below: number): number => Math.floor(next() * below)
    const { before, content, after } = openai.answer(
      { model: 'm', stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'x' }] },
      {
        thinking: ['hm 😀'],
        text: ['Grüße ', '世界 ', '👩‍👩‍👧', ' done'],
        toolCalls: [{ name: 'ls', arguments: '{"a":1}' }],
      },
    )
    const good = Buffer.from([...before, ...content, ...after].join(''))
    const agent = openAiCompatible({ env: systemEnv, baseUrl: fake.baseUrl, models: ['m'], retries: 0 })
    const one = async (): Promise<string> => {
      const bytes = mutate(good, random)
      fake.script({ fault: { kind: 'raw', base64: bytes.toString('base64') }, bytesAtATime: random(4) === 0 ? 7 : 0 })
      const { events, error } = await listen(agent, testTurn('x'))
      checkSpeech(events)
      if (error === undefined) return 'whole'
      if (!(error instanceof Failure))
        throw new Error(`not a Failure after ${bytes.toString('base64')}`, { cause: error })
      return error.code
    }
    const outcomes: Record<string, number> = {}
    let memory = 0
    for (let run = 0; run < 2000; run++) {
      const outcome = await one()
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      if (run === 500) memory = process.memoryUsage.rss()
    }
    console.log(`seed ${seed}:`, outcomes)
    expect(Object.keys(outcomes)).toContain('whole')
    expect(Object.keys(outcomes)).toContain('upstream_garbage')
    expect(outcomes['internal']).toBeUndefined()
    expect(process.memoryUsage.rss() - memory).toBeLessThan(100 * 1_048_576)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('negative control: the good stream is whole', async () => {
    fake.script({ text: ['Grüße ', '世界'] })
    const { events, error } = await listen(
      openAiCompatible({ env: systemEnv, baseUrl: fake.baseUrl, models: ['m'] }),
      testTurn('x'),
    )
    expect(error).toBeUndefined()
    expect(textIn(events)).toBe('Grüße 世界')
  })
})
