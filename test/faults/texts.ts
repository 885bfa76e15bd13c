import type { Event, Outcome } from '../../src/core/events.ts'
import { textOf } from '../../src/core/session.ts'

/** What was asked, what was answered, and how the turn ended. */
export interface Answered {
  readonly turn: string
  readonly prompt: string
  readonly text: string
  readonly outcome: Outcome
}

/** Every turn of a log that ended: the answer as it is stored for good. */
export const texts = (log: readonly Event[]): readonly Answered[] => {
  const prompts = new Map(log.flatMap((event) => (event.type === 'prompt' ? [[event.turn, event.text]] : [])))
  return log.flatMap((end) => {
    if (end.type !== 'turn.ended') return []
    const said = log.flatMap((event) =>
      event.type === 'message' && event.turn === end.turn && event.final ? [textOf(event.parts)] : [],
    )
    return [{ turn: end.turn, prompt: prompts.get(end.turn) ?? '', text: said.join('\n\n'), outcome: end.outcome }]
  })
}
