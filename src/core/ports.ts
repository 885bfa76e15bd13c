import type { Event, Option, Said, SaidByAgent } from './events.ts'
import type { FailureCode } from './failures.ts'
import type { MessageRow, SessionState, Summary } from './session.ts'

/** Events of one commit, as stored: `json` is the events as JSON objects joined by commas, so that replay is concatenation. */
export interface Batch {
  /** `seq` of the first and the last event. */
  readonly first: number
  readonly last: number
  readonly json: string
}

/** A piece of a log, in order and without a hole. `head` is the log's last seq when it was read. */
export interface Chunk {
  readonly batches: readonly Batch[]
  readonly head: number
}

/** A command as a client sent it. `id` is made by the client, once, and never used for anything else. */
export interface Command {
  readonly id: string
  readonly session: string
  readonly by: string
  readonly type: string
  readonly data: unknown
}

/** What became of a command: the seq of the event that answered it, and a hash of what it said. */
export interface Done {
  readonly id: string
  readonly hash: string
  readonly seq: number
  /** The owner refused it with this: nothing in the log is its effect, and `seq` is the head it was refused at. */
  readonly refused?: FailureCode
}

/** The right to append to one session until it is released or `lost`. */
export interface Lease {
  readonly session: string
  /** Grows by one with every claim of the session. */
  readonly term: number
  /** The last seq that was committed; moves with every append of this lease. */
  readonly head: number
  /** Aborts when another node took over or this node may not append any more. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** What goes with events into their commit. */
export interface Along {
  /** Commands that these events answer. */
  readonly done?: readonly Done[]
  /** The session's line in the list, when it changed. */
  readonly summary?: Summary
}

/** Filters and pages a list of sessions; newest first. */
export interface ListOptions {
  /** 1 to 500. Default 100. */
  readonly limit?: number
  /** Only sessions with a turn that runs, waits or asks. */
  readonly busy?: boolean
  /** Only sessions that this principal made. */
  readonly by?: string
  /** Only sessions last changed before this position (`updated_at` and `id` of the last line had). */
  readonly before?: { readonly updated_at: number; readonly id: string }
}
export type Listed = Summary & { readonly updated_at: number; readonly head: number }

/**
 * Port 1: the log. Append-only, ordered, durable, fenced. Every method that resolves without an error has its effect on
 * the disk. Errors are Failures: `not_found`, `storage_full`, `read_only`, `session_damaged`, `internal`.
 */
export interface Journal {
  /** Grows when an acknowledged tail may have been lost: the journal was restored from a backup. */
  readonly epoch: number
  /**
   * Takes a session over, or creates it: writes an `owner` event and then `opening` in one commit.
   * @throws Failure `moved` when a living node holds it; `conflict` when `create` and it exists; `not_found` when not `create` and it does not.
   */
  claim(session: string, options: ClaimOptions): Promise<Lease>
  /**
   * Appends in one commit, all or nothing. Resolves with the events once they are durable. One append of a lease at a time.
   * Without events it only says what became of commands, and the head stays.
   * @throws Failure `moved` when the lease is not the newest any more: nothing was written.
   */
  append(lease: Lease, said: readonly Said[], along?: Along): Promise<readonly Event[]>
  /** The events after `after`, at most about `max` bytes of them (default 256 KiB), always at least one commit if there is one.
   *  @throws Failure `trimmed` when `after` is before the floor, `not_found`, `session_damaged`. */
  read(session: string, after: number, max?: number): Promise<Chunk>
  /** Calls back after each commit to the session, in order, until the returned function is called. `undefined` for one that another
   *  process made: read it. Wake-ups may be late or doubled, never the only source of truth. */
  watch(session: string, wake: (batch: Batch | undefined) => void): () => void
  /** The session's line, and `floor`: events up to it are only in the checkpoint. @throws Failure `not_found` */
  head(session: string): Promise<Listed & { readonly floor: number }>
  /** The state that was stored when the log was trimmed: fold what follows `floor` onto it. */
  checkpoint(session: string): Promise<SessionState | undefined>
  /** Keeps a command for the node that owns the session, durably. One that was refused waits again. */
  send(command: Command, hash: string): Promise<'new' | 'dup'>
  /** Commands sent to this lease's session that no commit has answered yet, oldest first; then new ones as they come. */
  inbox(lease: Lease, signal?: AbortSignal): AsyncIterable<Command>
  /** What became of a command, for the life of the session; `seq` is 0 while it waits in the inbox. */
  seen(session: string, command: string): Promise<Done | undefined>
  list(options?: ListOptions): Promise<readonly Listed[]>
  /** Messages that contain all the words, newest first. The query is words, never an expression. */
  search(
    query: string,
    options?: { readonly limit?: number; readonly by?: string },
  ): Promise<readonly (MessageRow & { readonly session: string })[]>
  /** The permanent messages of a session, oldest first. */
  messages(session: string): Promise<readonly MessageRow[]>
  /** Drops the events up to and including `state.seq`, which `state` stands for from now on. */
  trim(lease: Lease, state: SessionState): Promise<void>
  /** Forgets a session wholly. */
  remove(lease: Lease): Promise<void>
  /** Resolves when everything is written and the store is released. */
  close(): Promise<void>
}

export interface ClaimOptions {
  /** Who claims: goes into the `owner` event. */
  readonly node: string
  readonly at: number
  readonly note?: string
  readonly create?: boolean
  /** Events for the same commit, after `owner`. */
  readonly opening?: readonly Said[]
  readonly summary?: Summary
  readonly done?: readonly Done[]
}

/** What a person said, as the agent gets it. */
export interface Prompt {
  readonly mid: string
  readonly text: string
}

/** A question to a person. It is durable before anyone sees it. */
export interface Question {
  readonly kind: 'permission' | 'question'
  readonly tid?: string
  readonly subject: { readonly title: string; readonly detail?: string; readonly input?: unknown }
  readonly options: readonly Option[]
  readonly free?: boolean
  /** ms until it expires. Default: never. */
  readonly timeout?: number
}
export interface Answer {
  readonly outcome: 'answered' | 'expired' | 'cancelled'
  readonly option?: string
  readonly text?: string
  readonly by: string
}

/** One turn, as an agent sees it. */
export interface Turn {
  readonly id: string
  /** 1, and one more for each time it is run again after a crash. */
  readonly attempt: number
  /** The session as it stood when the turn started. */
  readonly session: SessionState
  readonly prompt: Prompt
  readonly model: string
  /** Aborts when the turn is cancelled or the server stops; the agent then returns or throws at once. */
  readonly signal: AbortSignal
  /** Resolves with what was answered; on cancel with outcome `cancelled`. */
  ask(question: Question): Promise<Answer>
  /** Prompts that came while the turn runs, for agents that `steer`. Never ends by itself before the turn does. */
  readonly steering: AsyncIterable<Prompt>
  /** A new id, unique in the session. */
  newId(): string
}

/**
 * Port 2: an agent is a function from a turn to what it says. Returning ends the turn, throwing a Failure fails it
 * (after what was said is kept), `signal` cancels it. An agent merges its deltas (30-50 ms, the first at once).
 */
export interface Agent {
  readonly name: string
  /** For people: who really answers. */
  readonly title: string
  readonly steers: boolean
  /** Whether the turn that runs in this state can really be taken up again after a crash, under a new attempt. */
  resumes(session: SessionState): boolean
  models(): Promise<readonly string[]>
  run(turn: Turn): AsyncIterable<SaidByAgent>
}

/** Time and chance, as arguments. `now` is wall-clock ms, `monotonic` ms that never jump. */
export interface Env {
  now(): number
  monotonic(): number
  /** 0 ≤ n < 1 */
  random(): number
  /** 128 random bits as text */
  id(): string
  /** Calls back once after `ms` unless cancelled. */
  after(ms: number, call: () => void): () => void
}
