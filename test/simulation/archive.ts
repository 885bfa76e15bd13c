import { eventsOf } from '../../src/core/batch.ts'
import type { Event } from '../../src/core/events.ts'
import { foldSession } from '../../src/core/fold.ts'
import { emptySession, type SessionState } from '../../src/core/session.ts'
import type { MemoryStore, Stored } from '../../src/journals/memory-store.ts'
import { wallStep } from './process.ts'
import { createTurns, type Turns } from './turns.ts'
import type { Violated } from './world.ts'

/** A session's log as the store committed it, kept whole when the store trims its own. */
export interface Log {
  readonly session: string
  readonly events: Event[]
  /** The events as they were committed, as text. */
  readonly json: string[]
  /** Command → the events that name it as their cause. */
  readonly causes: Map<string, Event[]>
  readonly turns: Turns
  /** The fold of all events, brought up to date when it is asked for. */
  readonly state: () => SessionState
}

export interface Archive {
  readonly logs: Map<string, Log>
  /** Copies what was committed since; to be called after each event, and before anything is compared. */
  readonly sync: () => void
}

interface Owned {
  owner: string | undefined
  /** The program that wrote the newest `owner` event. */
  writer: number
  term: number
}

/**
 * The judge's copy of every log. While it copies it checks what must hold of every commit: the log only grows, without a
 * hole, and only the newest owner writes [I6].
 */
export const createArchive = (store: MemoryStore, violated: Violated): Archive => {
  const logs = new Map<string, Log>()
  const owned = new Map<string, Owned>()

  const logOf = (session: string): Log => {
    const known = logs.get(session)
    if (known !== undefined) return known
    let folded = emptySession
    const events: Event[] = []
    const log: Log = {
      session,
      events,
      json: [],
      causes: new Map(),
      turns: createTurns(session, violated),
      state: () => (folded = foldSession(folded, events.slice(folded.seq))),
    }
    logs.set(session, log)
    owned.set(session, { owner: undefined, writer: -1, term: 0 })
    return log
  }

  const checkOwner = (event: Event<'owner'>, mine: Owned): void => {
    if (event.term !== mine.term + 1) violated('I6', `term ${event.term} follows on ${mine.term}`)
    const expires = mine.owner === undefined ? 0 : (store.nodes.get(mine.owner) ?? 0)
    if (mine.owner !== undefined && mine.owner !== event.node && expires > store.now())
      violated(
        'I6',
        `${event.node} took a session from ${mine.owner}, whose lease runs for ${expires - store.now()} ms`,
      )
    mine.term = event.term
    mine.writer = event.at % wallStep
    mine.owner = event.node
  }

  const add = (log: Log, event: Event, json: string): void => {
    const { session } = log
    const mine = owned.get(session) as Owned
    if (event.seq !== log.events.length + 1)
      violated('I2', `the log of ${session} goes on with ${event.seq} after ${log.events.length}`)
    if (event.type === 'owner') checkOwner(event, mine)
    else if (event.at % wallStep !== mine.writer)
      violated(
        'I6',
        `${session} ${event.seq} (${event.type}) was written by ${event.at % wallStep}, not by ${mine.writer} who owns it`,
      )
    log.turns.see(event)
    log.events.push(event)
    log.json.push(json)
    if (event.cause === undefined) return
    const caused = log.causes.get(event.cause)
    if (caused === undefined) log.causes.set(event.cause, [event])
    else caused.push(event)
  }

  const copy = (session: string, one: Stored): void => {
    const log = logOf(session)
    const mine = owned.get(session) as Owned
    if (one.head > log.events.length) {
      const known = log.events.length
      const from = one.batches.findLastIndex((batch) => batch.first <= known + 1)
      for (const batch of one.batches.slice(Math.max(0, from)))
        for (const event of eventsOf(batch))
          if (event.seq > known) add(log, event, batch.first === batch.last ? batch.json : JSON.stringify(event))
    }
    if (one.head !== log.events.length)
      violated('I1', `the log of ${session} ended at ${log.events.length} and now at ${one.head}`)
    mine.owner = one.owner
  }

  return {
    logs,
    sync: () => {
      for (const [session, one] of store.sessions) copy(session, one)
    },
  }
}
