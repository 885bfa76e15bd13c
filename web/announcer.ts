import { isOpenAsk, type SessionState } from '../src/core/session.ts'
import type { Pill } from './pill-words.ts'
import { setText } from './dom.ts'
import { capital } from './words.ts'

/**
 * Speaks to screen readers at turn boundaries and when the kind of the connection changes: never the tokens themselves,
 * which would be noise.
 */
export const createAnnouncer = (node: HTMLElement) => {
  let session = ''
  let turn: string | undefined
  let asked = new Set<string>()
  let kind: Pill['kind'] = 'none'
  const say = (words: string): void => setText(node, words)

  return {
    /** @param name who answers, in words */
    session: (state: SessionState, name: string): void => {
      const open = state.items.filter(isOpenAsk)
      const running = state.running?.turn
      if (state.id === session) {
        if (running !== undefined && running !== turn) say(`${capital(name)} is answering`)
        if (running === undefined && turn !== undefined) say(ended(state, turn))
        for (const ask of open) if (!asked.has(ask.id)) say(`${capital(name)} needs you: ${ask.ask.subject.title}`)
      }
      session = state.id
      turn = running
      asked = new Set(open.map((ask) => ask.id))
    },
    pill: (pill: Pill): void => {
      // The first connection is what everyone expects: only what follows is news.
      if (pill.kind !== kind && kind !== 'none' && kind !== 'connecting' && pill.kind !== 'none') say(pill.spoken)
      kind = pill.kind
    },
  }
}

const ended = (state: SessionState, turn: string): string => {
  const end = state.items.findLast((item) => item.kind === 'end' && item.turn === turn)
  if (end?.kind !== 'end') return 'Answer ready'
  if (end.outcome === 'cancelled') return 'Answer stopped'
  return end.outcome === 'interrupted' ? 'Answer interrupted' : 'Answer failed'
}
