import { eventsOf } from '../../src/core/batch.ts'
import type { Event, Said } from '../../src/core/events.ts'
import { emptySession, summarize, type Summary } from '../../src/core/session.ts'
import type { Chunk, Command } from '../../src/core/ports.ts'

/** Short ways to say things in tests of journals. */
export const created = (id: string, at = 1): Said<'session.created'> => ({
  type: 'session.created',
  id,
  by: 'user:u',
  at,
})
export const log = (text: string, at = 2): Said<'log'> => ({ type: 'log', level: 'info', text, by: 'agent:demo', at })
export const prompt = (mid: string, text: string, at = 3): Said<'prompt'> => ({
  type: 'prompt',
  mid,
  turn: `turn-${mid}`,
  text,
  by: 'user:u',
  at,
})
export const started = (turn: string, at = 4): Said<'turn.started'> => ({
  type: 'turn.started',
  turn,
  attempt: 1,
  agent: 'demo',
  by: 'node:n',
  at,
})
export const text = (mid: string, offset: number, delta: string, at = 5): Said<'text'> => ({
  type: 'text',
  mid,
  part: 0,
  offset,
  delta,
  by: 'agent:demo',
  at,
})
export const message = (mid: string, turn: string, words: string, at = 6): Said<'message'> => ({
  type: 'message',
  mid,
  turn,
  role: 'assistant',
  parts: [{ type: 'text', text: words }],
  final: true,
  by: 'agent:demo',
  at,
})
export const ended = (turn: string, at = 7): Said<'turn.ended'> => ({
  type: 'turn.ended',
  turn,
  outcome: 'complete',
  by: 'node:n',
  at,
})
export const command = (session: string, id: string, data: unknown = {}): Command => ({
  id,
  session,
  by: 'user:u',
  type: 'prompt',
  data,
})
export const summary = (id: string, more: Partial<Summary> = {}): Summary => ({
  ...summarize({ ...emptySession, id }),
  ...more,
})

/** All events of a chunk, parsed from what was stored. */
export const eventsIn = (chunk: Chunk): readonly Event[] => chunk.batches.flatMap((batch) => eventsOf(batch))
export const seqsIn = (chunk: Chunk): readonly number[] => eventsIn(chunk).map(({ seq }) => seq)
