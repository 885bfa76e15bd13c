import { expect } from 'vitest'
import { place } from '../src/core/batch.ts'
import { type Said, type SaidByAgent, shapes } from '../src/core/events.ts'
import { foldSession } from '../src/core/fold.ts'
import type { Agent, Answer, Prompt, Question, Turn } from '../src/core/ports.ts'
import { emptySession, type SessionState, textOf } from '../src/core/session.ts'

export interface TestTurn extends Turn {
  cancel(): void
  steer(text: string): void
  /** What was asked so far. */
  readonly asked: readonly Question[]
}
export interface TurnOptions {
  /** What came before. Default: an empty session. */
  readonly session?: SessionState
  readonly model?: string
  readonly attempt?: number
  /** Answers a question. Default: it stays open until the turn is cancelled. */
  readonly answer?: (question: Question) => Partial<Answer> | undefined
}

let turns = 0

/** A turn as a gateway gives it to an agent, without one. */
export const testTurn = (text: string, options: TurnOptions = {}): TestTurn => {
  const { session = emptySession, model = '', attempt = 1, answer } = options
  const id = `turn-${++turns}`
  const stop = new AbortController()
  const asked: Question[] = []
  const steered: Prompt[] = []
  let wake = (): void => {}
  let ids = 0
  return {
    id,
    attempt,
    model,
    prompt: { mid: `${id}-prompt`, text },
    session: foldSession(
      session,
      place(
        [
          { type: 'prompt', by: 'user:test', at: 0, mid: `${id}-prompt`, turn: id, text },
          { type: 'turn.started', by: 'node', at: 0, turn: id, attempt, agent: 'test' },
        ],
        session.seq,
      ),
    ),
    signal: stop.signal,
    newId: () => `${id}-${++ids}`,
    asked,
    async ask(question) {
      asked.push(question)
      const given = answer?.(question)
      if (given !== undefined) return { outcome: 'answered', by: 'user:test', ...given }
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
      return { outcome: 'cancelled', by: 'node' }
    },
    steering: {
      async *[Symbol.asyncIterator]() {
        while (!stop.signal.aborted) {
          const next = steered.shift()
          if (next !== undefined) yield next
          else await new Promise<void>((resolve) => (wake = resolve))
        }
      },
    },
    steer: (said) => {
      steered.push({ mid: `${id}-steer-${steered.length}`, text: said })
      wake()
    },
    cancel: () => {
      stop.abort()
      wake()
    },
  }
}

export interface Heard {
  readonly events: SaidByAgent[]
  /** What the agent threw. */
  error: unknown
}

/** Listens to the end of a turn, or to where `onEvent` breaks it off. */
export const listen = async (
  agent: Agent,
  turn: Turn,
  onEvent: (event: SaidByAgent) => void = () => {},
): Promise<Heard> => {
  const heard: Heard = { events: [], error: undefined }
  try {
    for await (const event of agent.run(turn)) {
      heard.events.push(event)
      onEvent(event)
    }
  } catch (error) {
    heard.error = error
  }
  return heard
}

/** The messages that were said, as a session folds them. */
export const messagesIn = (events: readonly SaidByAgent[]): readonly string[] =>
  foldSession(emptySession, place(events.map(toSaid), 0)).items.flatMap((item) =>
    item.kind === 'message' ? [textOf(item.parts)] : [],
  )
export const textIn = (events: readonly SaidByAgent[]): string => messagesIn(events).join('\n\n')

const toSaid = (event: SaidByAgent): Said => {
  const stamp: object = { turn: 't', agent: 'a', by: 'agent:test', at: 0 }
  return { ...stamp, ...event } as Said
}

export const eventsOfType = <T extends SaidByAgent['type']>(
  events: readonly SaidByAgent[],
  type: T,
): readonly Extract<SaidByAgent, { type: T }>[] =>
  events.filter((event): event is Extract<SaidByAgent, { type: T }> => event.type === type)

/** The rules of everything an agent says [agents.md]: throws at the first one that is broken. */
export const checkSpeech = (events: readonly SaidByAgent[]): void => {
  const parts = new Map<string, { type: string; text: string }[]>()
  const outputs = new Map<string, string>()
  const final = new Set<string>()
  for (const event of events) {
    shapes[event.type].parse(toSaid(event))
    expect(JSON.stringify(event), 'well-formed text').not.toMatch(/\\ud[89a-f]/i)
    if (event.type === 'text' || event.type === 'thinking') {
      const had = parts.get(event.mid) ?? []
      parts.set(event.mid, had)
      expect(final, 'no delta after the final message').not.toContain(event.mid)
      if (event.part === had.length) had.push({ type: event.type, text: '' })
      expect(event.part, 'parts start in order and only the last one grows').toBe(had.length - 1)
      const part = had[event.part]
      expect(part?.type, 'a part keeps its type').toBe(event.type)
      expect(event.offset, 'offsets are exact').toBe(part?.text.length)
      expect(event.delta, 'a delta says something').not.toBe('')
      if (part !== undefined) part.text += event.delta
    } else if (event.type === 'tool.output') {
      expect(event.offset).toBe(outputs.get(event.tid)?.length ?? 0)
      outputs.set(event.tid, (outputs.get(event.tid) ?? '') + event.delta)
    } else if (event.type === 'message' && event.final) {
      expect(final, 'one final message a mid').not.toContain(event.mid)
      final.add(event.mid)
      expect(event.parts, 'the final message is what its deltas add up to').toEqual(parts.get(event.mid))
    }
  }
  for (const mid of parts.keys()) expect(final, 'every message becomes final').toContain(mid)
}
