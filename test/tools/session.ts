import { eventsOf } from '../../src/core/batch.ts'
import type { Event } from '../../src/core/events.ts'
import type { Journal } from '../../src/core/ports.ts'
import { type SessionState, textOf } from '../../src/core/session.ts'
import type { Gateway } from '../../src/gateway/gateway.ts'
import { until } from './until.ts'

/** The log itself, from the journal. */
export const logOf = async (journal: Journal, session: string): Promise<readonly Event[]> => {
  const events: Event[] = []
  for (let head = 1, at = 0; at < head; at = events.at(-1)?.seq ?? head) {
    const chunk = await journal.read(session, at)
    head = chunk.head
    events.push(...chunk.batches.flatMap(eventsOf))
  }
  return events
}

/** All that was answered, an empty line between two messages. */
export const answers = (state: Pick<SessionState, 'items'>): string =>
  state.items
    .flatMap((item) => (item.kind === 'message' && item.role === 'assistant' ? [textOf(item.parts)] : []))
    .join('\n\n')

/** Waits for a state of a session. @throws Error after 30 s, with the state as it was then */
export const untilState = async (
  gateway: Gateway,
  session: string,
  holds: (state: SessionState) => boolean,
): Promise<SessionState> => {
  let last: SessionState | undefined
  const look = async (): Promise<SessionState | false> => {
    last = await gateway.state(session)
    return holds(last) && last
  }
  return until(look, 'the state', 30_000).catch((error: unknown) => {
    throw new Error(`${String(error)}; it is ${JSON.stringify(last).slice(0, 1500)}`, { cause: error })
  })
}
