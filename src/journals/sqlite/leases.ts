import { Failure } from '../../core/failures.ts'
import type { Lease } from '../../core/ports.ts'

/** A lease as this process holds it; the writer knows which term is the newest. */
export interface Held {
  readonly id: number
  readonly lost: AbortController
  head: number
  writing: boolean
}

/** The leases of this process. No other process can hold one: the file is locked. */
export const leases = () => {
  const held = new Map<Lease, Held>()
  const bySession = new Map<string, Lease>()
  const lose = (lease: Lease) => {
    held.get(lease)?.lost.abort(new Failure('moved'))
    held.delete(lease)
    if (bySession.get(lease.session) === lease) bySession.delete(lease.session)
  }
  return {
    lose,
    get: (lease: Lease): Held => {
      const known = held.get(lease)
      if (known === undefined) throw new Failure('moved')
      return known
    },
    add: (session: string, id: number, term: number, head: number): Lease => {
      const before = bySession.get(session)
      // Two claims may be answered in any order of their promises, but the term says which is newer.
      const late = before !== undefined && before.term > term && held.get(before)?.id === id
      if (before !== undefined && !late) lose(before)
      const mine: Held = { id, head, writing: false, lost: new AbortController() }
      const lease: Lease = {
        session,
        term,
        get head() {
          return mine.head
        },
        lost: mine.lost.signal,
        release: async () => lose(lease),
      }
      held.set(lease, mine)
      if (late) lose(lease)
      else bySession.set(session, lease)
      return lease
    },
    loseAll: (): void => {
      for (const lease of held.keys()) lose(lease)
    },
  }
}
