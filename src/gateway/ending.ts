import type { Fields, Said } from '../core/events.ts'
import { type Failure, type FailureCode, failures } from '../core/failures.ts'
import type { Item, SessionState } from '../core/session.ts'

type Stamp = Pick<Said, 'by' | 'at' | 'cause'>
export type End = Pick<Fields<'turn.ended'>, 'outcome' | 'code' | 'message' | 'retryable'>

/**
 * Everything that is still open in the running turn is closed, and then the turn, in one commit: half a message becomes
 * final with the text that was shown, a tool without a result is cancelled (by a person) or of unknown outcome (never run
 * again by itself), a question is withdrawn.
 */
export const closing = (state: SessionState, end: End, stamp: Stamp): readonly Said[] => {
  const turn = state.running?.turn
  if (turn === undefined) return []
  const open = state.items.flatMap((item): readonly Said[] => (item.turn === turn ? close(item, end, stamp) : []))
  return [...open, { type: 'turn.ended', ...stamp, turn, ...end }]
}

const close = (item: Item, end: End, stamp: Stamp): readonly Said[] => {
  switch (item.kind) {
    case 'message':
      if (item.final || item.role === 'user') return []
      return [
        {
          type: 'message',
          ...stamp,
          mid: item.id,
          turn: item.turn,
          role: item.role,
          parts: [...item.parts],
          final: true,
        },
      ]
    case 'tool': {
      const { state, name } = item.tool
      if (state !== 'pending' && state !== 'running') return []
      const closed = state === 'running' && end.outcome !== 'cancelled' ? 'unknown' : 'cancelled'
      return [{ type: 'tool', ...stamp, tid: item.id, turn: item.turn, name, state: closed }]
    }
    case 'ask':
      return item.resolved === null ? [{ type: 'ask.resolved', ...stamp, ask: item.id, outcome: 'cancelled' }] : []
    case 'step':
      if (item.step.state !== 'running') return []
      return [
        {
          type: 'step',
          ...stamp,
          sid: item.id,
          turn: item.turn,
          title: item.step.title,
          state: end.outcome === 'complete' ? 'done' : 'failed',
        },
      ]
    case 'artifact':
    case 'log':
    case 'end':
      return []
    default:
      return item satisfies never
  }
}

/** How a turn ends whose agent threw: what is not here is a failure. */
const outcomes: Partial<Record<FailureCode, End['outcome']>> = {
  upstream_reset: 'interrupted',
  timeout: 'interrupted',
  output_limit: 'limit',
  refused: 'refused',
}

/** The end of a turn whose agent threw this. */
export const failed = ({ code, message }: Failure): End => ({
  outcome: outcomes[code] ?? 'failed',
  code,
  message,
  retryable: failures[code].retryable,
})

const interrupted = (code: FailureCode, what: string): End => ({
  outcome: 'interrupted',
  code,
  message: `${what} while this ran. What was said is kept; ask again to go on.`,
  retryable: true,
})
/** The server was told to stop. */
export const stoppedEnd = interrupted('shutdown', 'The server was stopped')
/** Another node has the session now, or may have it. */
export const lostEnd = interrupted('node_lost', 'The node that ran this was lost')
