import type { Violated } from './world.ts'
import type { Archive } from './archive.ts'

/** A command of some client, and what it was told. */
export interface Given {
  readonly id: string
  readonly client: string
  readonly session: string
  readonly type: string
  readonly text: string
  /** The order in which its client said it. */
  readonly order: number
  acked: string | undefined
  refused: string | undefined
  /** Two pages of one device send it, each for itself: one may be refused before the other is not. */
  shared: boolean
}

/** Every command of a schedule. */
export interface Commands {
  readonly all: Map<string, Given>
  readonly give: (given: Pick<Given, 'id' | 'client' | 'session' | 'type' | 'text'>) => void
  readonly acked: (id: string, cursor: string) => void
  readonly refused: (id: string, code: string) => void
}

/** The event that a command of a type makes, once. */
const effects: Readonly<Record<string, string>> = {
  create: 'session.created',
  prompt: 'prompt',
  cancel: 'cancel',
  answer: 'ask.resolved',
  update: 'session.updated',
  close: 'session.closed',
}

/** Refusals that a client of this simulation can have earned. */
const earned = new Set(['conflict', 'already_resolved', 'session_closed', 'queue_full'])

export const createCommands = (archive: Archive, violated: Violated): Commands => {
  const all = new Map<string, Given>()
  return {
    all,
    give: (given) =>
      void all.set(given.id, { ...given, order: all.size, acked: undefined, refused: undefined, shared: false }),
    /** An acknowledgement leaves the server: what it says must be durable now. */
    acked: (id, cursor) => {
      const given = all.get(id)
      if (given === undefined) return violated('I3', `${id} was acknowledged, and nobody said it`)
      archive.sync()
      const seq = Number(cursor.slice(17))
      const log = archive.logs.get(given.session)
      const made = effect(archive, given)
      if (log === undefined || log.events.length < seq)
        return violated('I1', `${id} was acknowledged at ${seq}, which is not durable`)
      if (made.length === 0) return violated('I3', `${id} was acknowledged and is not in the log`)
      if (made.some((event) => event.seq > seq))
        return violated('I3', `${id} was acknowledged at ${seq} and is after it`)
      if (given.acked !== undefined && given.acked !== cursor)
        return violated('I3', `${id} was acknowledged at ${given.acked} and then at ${cursor}`)
      given.acked = cursor
    },
    refused: (id, code) => {
      const given = all.get(id)
      if (given === undefined || given.refused !== undefined) return
      given.refused = code
      if (!earned.has(code)) violated('I8', `${id} (${given.type}) was refused with ${code}`)
    },
  }
}

const effect = (archive: Archive, { id, session, type }: Given) =>
  (archive.logs.get(session)?.causes.get(id) ?? []).filter((event) => event.type === effects[type])

/** [I3] at the end: acknowledged once means in the log once; refused for good means not at all; never in another order. */
export const checkCommands = ({ all }: Commands, archive: Archive, violated: Violated): void => {
  const newest = new Map<string, number>()
  for (const given of all.values()) {
    const { id, client, session, type, acked, refused, text, shared } = given
    const made = effect(archive, given)
    if (made.length > 1) violated('I3', `${id} (${type}) is in the log ${made.length} times`)
    if (acked !== undefined && made.length === 0) violated('I3', `${id} was acknowledged and is not in the log`)
    if (refused !== undefined && !shared && archive.logs.get(session)?.causes.has(id) === true)
      violated('I3', `${id} (${type}) was refused with ${refused} and is in the log`)
    if (acked === undefined && refused === undefined) violated('I8', `${id} (${type}) was never answered`)
    const event = made[0]
    if (event?.type !== 'prompt') continue
    if (event.text !== text) violated('I3', `${id} says "${event.text}" in the log, not "${text}"`)
    const key = `${client} ${session}`
    if ((newest.get(key) ?? 0) > event.seq) violated('I3', `${id} is in the log before what ${client} said earlier`)
    newest.set(key, event.seq)
  }
}
