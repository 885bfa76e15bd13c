import { isDeepStrictEqual } from 'node:util'
import type { Event } from '../../src/core/events.ts'
import { foldSession } from '../../src/core/fold.ts'
import { emptySession, type SessionState } from '../../src/core/session.ts'

/** The state that the first so many events add up to. */
export const foldTo = (events: readonly Event[], seq: number): SessionState =>
  foldSession(emptySession, events.slice(0, seq))

/** As JSON, without an agent's own notes: readers do not get those. */
const plain = (state: Partial<SessionState>): string => JSON.stringify({ ...state, notes: undefined })

/** Whether two states are the same as JSON. */
export const sameState = (a: Partial<SessionState>, b: Partial<SessionState>): boolean => {
  const [left, right] = [plain(a), plain(b)]
  return left === right || isDeepStrictEqual(JSON.parse(left), JSON.parse(right))
}
