import { openSync } from 'node:fs'
import { place, toBatch } from '../../src/core/batch.ts'
import type { Dialect } from '../../src/core/dialect.ts'
import type { Event, Said } from '../../src/core/events.ts'
import type { ServerFrame } from '../../src/core/frames.ts'
import type { Batch, Journal, Lease } from '../../src/core/ports.ts'
import type { SessionState } from '../../src/core/session.ts'
import { watchers } from '../../src/journals/watchers.ts'

/** A way to break one rule of a server, so that a test can show that it would be noticed. */
export interface Switch {
  readonly journal?: (journal: Journal) => Journal
  readonly dialect?: (dialect: Dialect) => Dialect
}

/** ms between being told and being stored. */
const early = 400

/** I1: readers are told, and writers acknowledged, before the commit. */
const tellsBeforeCommit = (journal: Journal): Journal => {
  const told = watchers()
  const heads = new Map<Lease, number>()
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...journal,
    watch: (session, wake) => told.watch(session, wake),
    append: async (lease, said, along) => {
      const events = place(said, heads.get(lease) ?? lease.head)
      const batch: Batch = toBatch(events)
      heads.set(lease, batch.last)
      last = last
        .then(() => new Promise((resolve) => setTimeout(resolve, early)))
        .then(() => journal.append(lease, said, along))
      // A crash is what this waits for; until then the log catches up.
      last.catch(() => undefined)
      told.tell(lease.session, batch)
      return events
    },
  }
}

/** I3: what was done is not remembered. */
const forgetsCommands = (journal: Journal): Journal => ({
  ...journal,
  seen: async () => undefined,
  append: (lease, said, { done: _done, ...along } = {}) => journal.append(lease, said, along),
})

/** I4: the end of a turn that a crash left open is not written. */
const forgetsEnds = (journal: Journal): Journal => ({
  ...journal,
  append: (lease, said, along) =>
    journal.append(
      lease,
      said.map((one): Said => {
        if (one.type !== 'turn.ended' || one.outcome !== 'interrupted') return one
        return { type: 'log', level: 'info', text: 'no end', by: one.by, at: one.at }
      }),
      along,
    ),
})

/** I6: another node takes the session over in the middle of a turn, and whoever had it goes on writing. */
const noFence = (journal: Journal): Journal => {
  const newest = new Map<string, Lease>()
  let appends = 0
  return {
    ...journal,
    claim: async (session, options) => {
      const lease = await journal.claim(session, options)
      newest.set(session, lease)
      return { ...lease, lost: new AbortController().signal }
    },
    append: async (lease, said, along): Promise<readonly Event[]> => {
      appends += 1
      if (appends === 4)
        newest.set(lease.session, await journal.claim(lease.session, { node: 'other', at: Date.now() }))
      return journal.append(newest.get(lease.session) ?? lease, said, along)
    },
  }
}

/** I7: what was opened for a reader is never let go. */
const leaks = (journal: Journal): Journal => {
  const kept: unknown[] = []
  return {
    ...journal,
    watch: (session, wake) => {
      kept.push(
        Buffer.alloc(1024 * 1024, 1),
        setInterval(() => undefined, 3_600_000),
        openSync('/dev/null', 'r'),
      )
      journal.watch(session, wake)
      return () => undefined
    },
  }
}

const changing =
  (change: (frame: ServerFrame) => ServerFrame | undefined) =>
  (dialect: Dialect): Dialect => ({
    ...dialect,
    encode: (frame) => {
      const other = change(frame)
      return other === undefined ? undefined : dialect.encode(other)
    },
  })

/** By what they break. */
export const switches = {
  none: {},
  'tells before commit': { journal: tellsBeforeCommit },
  'forgets commands': { journal: forgetsCommands },
  'forgets ends': { journal: forgetsEnds },
  'has no fence': { journal: noFence },
  leaks: { journal: leaks },
  /** I8: sockets are closed without a word. */
  'says nothing': { dialect: changing((frame) => (frame.t === 'bye' || frame.t === 'err' ? undefined : frame)) },
  /** I9: a snapshot that lacks what came first. */
  'loses items': {
    dialect: changing((frame) => {
      if (frame.t !== 'sub.ok' || frame.state === undefined) return frame
      const state = frame.state as SessionState
      return { ...frame, state: { ...state, items: state.items.slice(1) } }
    }),
  },
} as const satisfies Record<string, Switch>

export type SwitchName = keyof typeof switches
