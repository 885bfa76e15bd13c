import { place } from '../core/batch.ts'
import type { Event, Said } from '../core/events.ts'
import { Failure } from '../core/failures.ts'
import type { Along, Batch, ClaimOptions, Command, Done, Env } from '../core/ports.ts'
import { messageRow, type MessageRow, type SessionState, type Summary } from '../core/session.ts'
import { encode } from './encode.ts'
import { bareSummary } from './summary.ts'

interface Kept {
  hash: string
  seq: number
  refused?: Done['refused']
  readonly order: number
  command: Command | undefined
}

export interface Stored {
  batches: Batch[]
  head: number
  floor: number
  term: number
  /** The node that holds the session. */
  owner: string | undefined
  updated_at: number
  summary: Summary
  checkpoint: SessionState | undefined
  readonly messages: Map<string, { readonly order: number; readonly row: MessageRow }>
  readonly commands: Map<string, Kept>
}

export type Change = { readonly session: string; readonly batch: Batch | undefined; readonly inbox: boolean }

/** What several memory journals share, as nodes share a database. Everything here happens at one instant. */
export interface MemoryStore {
  readonly epoch: number
  readonly sessions: Map<string, Stored>
  /** node → the instant (the store's clock) until which it counts as living. */
  readonly nodes: Map<string, number>
  readonly listeners: Set<(change: Change, node: string) => void>
  /** The store's own clock, in ms: leases know no other. */
  now(): number
  /** A number that grows: the order in which things were written. */
  next(): number
}

export const memoryStore = (env: Pick<Env, 'monotonic'>, options: { readonly epoch?: number } = {}): MemoryStore => {
  let order = 0
  return {
    epoch: options.epoch ?? 1,
    sessions: new Map(),
    nodes: new Map(),
    listeners: new Set(),
    now: () => env.monotonic(),
    next: () => ++order,
  }
}

/** @throws Failure `not_found` */
export const stored = (store: MemoryStore, session: string): Stored => {
  const found = store.sessions.get(session)
  if (found === undefined) throw new Failure('not_found')
  return found
}

/** Takes a session for a node. @throws Failure `moved`, `conflict`, `not_found` */
export const takeSession = (store: MemoryStore, id: string, node: string, options: ClaimOptions, steal: boolean) => {
  const old = store.sessions.get(id)
  if (options.create === true && old !== undefined) throw new Failure('conflict', 'The session exists')
  if (options.create !== true && old === undefined) throw new Failure('not_found')
  const owner = old?.owner
  if (!steal && owner !== undefined && owner !== node && (store.nodes.get(owner) ?? 0) > store.now())
    throw new Failure('moved')
  const session = old ?? emptySession(id, options)
  refuseAnswered(session, options.done)
  const owned: Said<'owner'> = {
    type: 'owner',
    node: options.node,
    term: session.term + 1,
    by: `node:${options.node}`,
    at: options.at,
    ...(options.note !== undefined && { note: options.note }),
  }
  const written = write(store, session, [owned, ...(options.opening ?? [])], options)
  session.owner = node
  session.term++
  store.sessions.set(id, session)
  return { term: session.term, ...written }
}

const emptySession = (id: string, options: ClaimOptions): Stored => ({
  batches: [],
  head: 0,
  floor: 0,
  term: 0,
  owner: undefined,
  updated_at: options.at,
  summary: bareSummary(id, options),
  checkpoint: undefined,
  messages: new Map(),
  commands: new Map(),
})

const isAnswered = (kept: Kept | undefined): boolean => kept !== undefined && kept.seq > 0 && kept.refused === undefined

/** A command is answered once. @throws Failure `conflict` */
const refuseAnswered = (session: Stored, done: readonly Done[] = []): void => {
  if (done.some(({ id }) => isAnswered(session.commands.get(id))))
    throw new Failure('conflict', 'The command has been answered')
}

/** One commit of one session. @throws Failure `conflict` */
export const writeBatch = (store: MemoryStore, session: Stored, said: readonly Said[], along: Along) => {
  refuseAnswered(session, along.done)
  return write(store, session, said, along)
}

const write = (
  store: MemoryStore,
  session: Stored,
  said: readonly Said[],
  along: Along,
): { events: readonly Event[]; batch: Batch } => {
  const events = place(said, session.head)
  const batch = encode(events)
  if (events.length > 0) {
    session.batches.push(batch)
    session.head = batch.last
  }
  session.updated_at = events.at(-1)?.at ?? session.updated_at
  session.summary = along.summary ?? session.summary
  for (const event of events) {
    const row = messageRow(event)
    if (row !== undefined) session.messages.set(row.mid, { row, order: store.next() })
  }
  for (const { id, hash, seq, refused } of along.done ?? []) {
    const order = session.commands.get(id)?.order ?? store.next()
    session.commands.set(id, { hash, seq, refused, order, command: undefined })
  }
  return { events, batch }
}

/** Keeps a command for the session's owner. @throws Failure `not_found`, `command_id_reused` */
export const keepCommand = (store: MemoryStore, command: Command, hash: string, doubled: boolean): 'new' | 'dup' => {
  const { commands } = stored(store, command.session)
  const known = commands.get(command.id)
  if (known !== undefined && known.hash !== hash) throw new Failure('command_id_reused')
  if (known !== undefined && known.refused === undefined && !doubled) return 'dup'
  commands.set(command.id, { hash, seq: 0, order: store.next(), command })
  return 'new'
}

/** @throws Failure `conflict` when `state` is not of the log that is there */
export const trimSession = (session: Stored, state: SessionState): void => {
  if (state.seq < session.floor || state.seq > session.head) throw new Failure('conflict')
  session.checkpoint = state
  session.floor = state.seq
  session.batches = session.batches.filter((batch) => batch.last > state.seq)
}
