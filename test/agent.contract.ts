import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Failure } from '../src/core/failures.ts'
import type { Agent } from '../src/core/ports.ts'
import { checkSpeech, eventsOfType, listen, testTurn, textIn } from './agents-turn.ts'

export interface AgentUnderTest {
  readonly agent: Agent
  /** Prompts that make it do what every agent can. */
  readonly prompts: {
    readonly short: string
    /** Speaks for at least ten seconds. */
    readonly long: string
    /** Answers with exactly `text`, which should have more than the basic plane in it. */
    readonly unicode: { readonly prompt: string; readonly text: string }
    /** Says something and then fails. */
    readonly fail: string
  }
  close?(): Promise<void>
}

/** How soon an agent must have stopped, ms: the gateway ends its turn without it then. */
const stopLimit = 1000

/** The rules that the gateway relies on, for every adapter. */
export const agentContract = (name: string, make: () => Promise<AgentUnderTest>): void => {
  describe(`agent contract: ${name}`, () => {
    let it: AgentUnderTest
    beforeAll(async () => {
      it = await make()
    })
    afterAll(async () => it.close?.())

    test('[A1] offsets are exact, parts start in order, the final message is what the deltas add up to', async () => {
      const { events, error } = await listen(it.agent, testTurn(it.prompts.short))
      expect(error).toBeUndefined()
      expect(textIn(events)).not.toBe('')
      checkSpeech(events)
    })

    test('[A2] [S25] text beyond the basic plane comes as it was said', async () => {
      const { prompt, text } = it.prompts.unicode
      const { events } = await listen(it.agent, testTurn(prompt))
      checkSpeech(events)
      expect(textIn(events)).toContain(text)
    })

    test('[A3] cancelled in mid-answer it ends within a second, without an error, and what was said is final', async () => {
      const turn = testTurn(it.prompts.long)
      let cancelled = 0
      const { events, error } = await listen(it.agent, turn, () => {
        if (cancelled > 0) return
        cancelled = performance.now()
        turn.cancel()
      })
      expect(performance.now() - cancelled).toBeLessThan(stopLimit)
      expect(error).toBeUndefined()
      checkSpeech(events)
      expect(eventsOfType(events, 'message').filter((message) => message.final)).toHaveLength(1)
    })

    test('[A4] cancelled before it began it says nothing', async () => {
      const turn = testTurn(it.prompts.long)
      turn.cancel()
      expect(await listen(it.agent, turn)).toEqual({ events: [], error: undefined })
    })

    test('[A5] a reader that goes away is let go within a second', async () => {
      const begun = performance.now()
      for await (const event of it.agent.run(testTurn(it.prompts.long))) if (event.type === 'text') break
      expect(performance.now() - begun).toBeLessThan(stopLimit * 5)
    })

    test('[A6] a failure is typed, and comes after the final message', async () => {
      const { events, error } = await listen(it.agent, testTurn(it.prompts.fail))
      expect(error).toBeInstanceOf(Failure)
      checkSpeech(events)
      expect(textIn(events)).not.toBe('')
    })

    test('[A7] after the end comes nothing more', async () => {
      const iterator = it.agent.run(testTurn(it.prompts.short))[Symbol.asyncIterator]()
      while ((await iterator.next()).done !== true);
      await sleep(50)
      expect(await iterator.next()).toEqual({ done: true, value: undefined })
    })

    test('[A8] turns at the same time do not mix', async () => {
      const alone = textIn((await listen(it.agent, testTurn(it.prompts.short))).events)
      const heard = await Promise.all(Array.from({ length: 8 }, () => listen(it.agent, testTurn(it.prompts.short))))
      for (const { events } of heard) {
        checkSpeech(events)
        expect(textIn(events)).toBe(alone)
      }
    })

    test('[A9] it names at least one model', async () => {
      expect((await it.agent.models()).length).toBeGreaterThan(0)
    })
  })
}
