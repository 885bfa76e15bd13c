import type { Said, SaidByAgent } from '../core/events.ts'
import type { Prompt } from '../core/ports.ts'
import { type SessionState, textOf } from '../core/session.ts'

/** Adds to what an agent says who says it, when, and in which turn. */
export const attribute = (said: SaidByAgent, turn: string, agent: string, at: number): Said => {
  const stamp = { by: `agent:${agent}`, at }
  switch (said.type) {
    case 'text':
    case 'thinking':
    case 'tool.output':
      return { ...said, ...stamp }
    case 'note':
      return { ...said, ...stamp, agent }
    default:
      return { ...said, ...stamp, turn }
  }
}

/** The prompt that a turn answers. */
export const promptOf = (state: SessionState, mid: string): Prompt => {
  const item = state.items.findLast((one) => one.id === mid && one.kind === 'message')
  return { mid, text: item?.kind === 'message' ? textOf(item.parts) : '' }
}

/** Passes prompts on and notes which ones were taken. */
export const remember = async function* (prompts: AsyncIterable<Prompt>, heard: Set<string>): AsyncGenerator<Prompt> {
  for await (const prompt of prompts) {
    heard.add(prompt.mid)
    yield prompt
  }
}

/** Prompts that were to steer this turn and that its agent did not take: none of them may be forgotten. */
export const unheard = (state: SessionState, turn: string, heard: ReadonlySet<string>): readonly string[] =>
  state.items.flatMap((item) =>
    item.kind === 'message' && item.role === 'user' && item.turn === turn && !heard.has(item.id) ? [item.id] : [],
  )
