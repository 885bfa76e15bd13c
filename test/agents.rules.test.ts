import { describe, expect, test } from 'vitest'
import type { SaidByAgent } from '../src/core/events.ts'
import { checkSpeech } from './agents-turn.ts'

/** What each rule of an agent's speech catches: the checks that the contract and the fuzzers rely on are not blind. */
const text = (offset: number, delta: string, part = 0): SaidByAgent => ({ type: 'text', mid: 'm', part, offset, delta })
const final = (said: string): SaidByAgent => ({
  type: 'message',
  mid: 'm',
  role: 'assistant',
  parts: [{ type: 'text', text: said }],
  final: true,
})

describe('negative controls of the agent contract', () => {
  test('[A1] what obeys the rules passes', () => {
    checkSpeech([text(0, 'a'), text(1, 'b'), final('ab')])
    expect(() => checkSpeech([])).not.toThrow()
  })

  test.each<[string, readonly SaidByAgent[], RegExp]>([
    ['a hole', [text(0, 'a'), text(2, 'b'), final('ab')], /offsets/],
    ['an overlap', [text(0, 'ab'), text(1, 'b'), final('ab')], /offsets/],
    ['a part that is skipped', [text(0, 'a', 1), final('a')], /parts start/],
    [
      'a part that changes its type',
      [text(0, 'a'), { type: 'thinking', mid: 'm', part: 0, offset: 1, delta: 'b' }, final('ab')],
      /keeps its type/,
    ],
    ['a final message that says something else', [text(0, 'a'), final('b')], /add up to/],
    ['two final messages', [text(0, 'a'), final('a'), final('a')], /one final/],
    ['a delta after the final message', [text(0, 'a'), final('a'), text(1, 'b')], /no delta after/],
    ['a message that stays open', [text(0, 'a')], /becomes final/],
    ['an empty delta', [text(0, ''), final('')], /says something/],
    ['half a surrogate pair', [text(0, '\ud83d'), final('\ud83d')], /well-formed/],
    ['a shape that is none', [{ type: 'usage', input: -1, output: 0 }], /input|small/i],
  ])('[A1] %s is caught', (_, events, why) => {
    expect(() => checkSpeech(events)).toThrow(why)
  })
})
