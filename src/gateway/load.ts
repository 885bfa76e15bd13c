import { after, eventsOf } from '../core/batch.ts'
import type { Event } from '../core/events.ts'
import { foldSession } from '../core/fold.ts'
import type { Journal } from '../core/ports.ts'
import { emptySession, type SessionState } from '../core/session.ts'

/** What a reader of logs needs of a journal. */
export type Source = Pick<Journal, 'epoch' | 'head' | 'read' | 'watch' | 'checkpoint'>

/** Brings a state up to the head of its log, a chunk at a time. */
export const catchUp = async (
  source: Pick<Source, 'read'>,
  session: string,
  from: SessionState,
): Promise<SessionState> => {
  let state = from
  for (;;) {
    const { batches, head } = await source.read(session, state.seq)
    const events = batches.flatMap((batch): readonly Event[] => {
      const rest = after(batch, state.seq)
      return rest === undefined ? [] : eventsOf(rest)
    })
    state = foldSession(state, events)
    if (state.seq >= head || batches.length === 0) return state
  }
}

/** The state of a session as its whole log tells it. @throws Failure `not_found`, `session_damaged` */
export const load = async (source: Source, session: string): Promise<SessionState> => {
  await source.head(session)
  return catchUp(source, session, (await source.checkpoint(session)) ?? emptySession)
}
