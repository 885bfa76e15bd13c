import { type Checked, checkCommand, checkShape, named } from '../core/commands.ts'
import type { Said } from '../core/events.ts'
import { Failure, failures, toFailure } from '../core/failures.ts'
import type { Agent, Command, Done, Env, Journal } from '../core/ports.ts'
import { emptySession, type SessionState } from '../core/session.ts'
import { cached, type CachedJournal } from './cache.ts'
import { decide } from './decide.ts'
import { forwarder } from './forward.ts'
import { host } from './host.ts'
import type { Hosted } from './hosted.ts'
import { recover, trim } from './housekeeping.ts'
import { load } from './load.ts'

export interface GatewayOptions {
  readonly journal: Journal
  /** The first is the default. */
  readonly agents: readonly Agent[]
  readonly env: Env
  /** Hash of a command's body: same id and same hash is a repetition. */
  readonly hash: (text: string) => string
  /** Name of this process in `owner` events. */
  readonly node: string
  /** Prompts that may wait in one session. Default 20. */
  readonly maxQueue?: number
  /** ms after which a session that nobody uses is let go. Default 5 minutes. */
  readonly idleMs?: number
  /** Told of what is not a Failure: a bug. */
  readonly onBug?: (error: unknown) => void
}

export interface Receipt {
  readonly id: string
  readonly session: string
  readonly seq: number
  readonly dup: boolean
}

/** The one stateful place: claims sessions, runs their turns, answers their readers. */
export interface Gateway {
  /** The journal with the newest events in memory: read, watch and head for every reader. */
  readonly journal: CachedJournal
  readonly agents: readonly Agent[]
  /**
   * Resolves after the command is durable. The same id with the same body does nothing again and answers as the first time.
   * @param expect the head that the sender saw; `conflict` when the session has moved on
   * @throws Failure `command_id_reused`, `session_closed`, `queue_full`, `already_resolved`, `conflict`, `not_found`, `draining`, `storage_full`, …
   */
  say(command: Command, expect?: number): Promise<Receipt>
  /** What the log adds up to now. @throws Failure `not_found`, `session_damaged` */
  state(session: string): Promise<SessionState>
  /** Ends every turn that a crash left open, and goes on with what waits. Called at start, and again to take over from lost nodes. */
  recover(): Promise<void>
  /** Forgets a session: its log, its messages, its commands. */
  remove(session: string): Promise<void>
  /** Stores the state of sessions that were last changed before `olderThan` (ms since 1970) and drops their events. Resolves with how many. */
  trim(olderThan: number): Promise<number>
  /** Turns that run now. */
  running(): number
  /** Takes no more prompts and answers, puts aside turns that can be resumed, gives the others `graceMs`, ends the rest as `interrupted`. */
  drain(graceMs: number): Promise<void>
  /** Ends turns at once and closes the journal. */
  close(): Promise<void>
}

export const createGateway = (options: GatewayOptions): Gateway => {
  const { agents, env, hash, maxQueue = 20, onBug = () => undefined } = options
  const journal = cached(options.journal)
  const saying = new Map<string, Promise<unknown>>()
  let draining = false

  const agentFor = (state: SessionState): Agent => {
    const agent = state.agent === '' ? agents[0] : agents.find(({ name }) => name === state.agent)
    if (agent === undefined)
      throw new Failure(
        'agent_unavailable',
        `agent: "${state.agent}" is not configured; there are ${agents.map(({ name }) => name).join(', ')}`,
        { param: 'agent' },
      )
    return agent
  }
  const hosting = host({
    ...options,
    journal,
    onBug,
    agentFor,
    receive: (command) => inTurn(command, () => forwarding.receive(command)),
  })
  const house = { journal, host: hosting, onBug }

  /** What a repeated id gets: the first answer, or a refusal when it now says something else. */
  const repeated = (done: Done, command: Command, digest: string): Receipt => {
    if (done.hash !== digest) throw new Failure('command_id_reused')
    if (done.refused !== undefined) throw new Failure(done.refused)
    return { id: command.id, session: command.session, seq: done.seq, dup: true }
  }
  /** A refusal that time may change is no answer: the command is decided anew. */
  const isFinal = ({ seq, refused }: Done): boolean =>
    seq > 0 && (refused === undefined || !failures[refused].retryable)

  const create = async (
    command: Command,
    { data }: Extract<Checked, { type: 'create' }>,
    digest: string,
  ): Promise<Receipt> => {
    const agent = agentFor({ ...emptySession, agent: data.agent ?? '' })
    const { id, session } = command
    const created: Said = {
      type: 'session.created',
      by: command.by,
      at: env.now(),
      cause: id,
      ...data,
      id: session,
      agent: agent.name,
    }
    try {
      const { owner } = await hosting.create(session, [created], (seq) => ({ id, hash: digest, seq }))
      return { id, session, seq: owner.state().seq, dup: false }
    } catch (error) {
      const failure = toFailure(error)
      const done = failure.code === 'conflict' ? await journal.seen(session, id) : undefined
      if (done === undefined) throw failure
      return repeated(done, command, digest)
    }
  }

  const apply = async (
    hosted: Hosted,
    command: Command,
    checked: Checked,
    digest: string,
    expect?: number,
  ): Promise<Receipt> => {
    const seq = await hosted.owner.write((state) => {
      if (expect !== undefined && state.moved > expect)
        throw new Failure('conflict', 'The session has moved on: something was said after what was expected')
      const context = { at: env.now(), by: command.by, cause: command.id, newId: env.id, maxQueue, agent: agentFor }
      return { said: decide(checked, state, context), done: (head) => ({ id: command.id, hash: digest, seq: head }) }
    })
    return { id: command.id, session: command.session, seq, dup: false }
  }

  const check = (command: Command): { readonly checked: Checked; readonly digest: string } => {
    checkShape(named, command)
    const checked = checkCommand(command.type, command.data)
    return { checked, digest: hash(JSON.stringify([command.type, checked.data])) }
  }
  const forwarding = forwarder({ journal, env, host: hosting, check, apply, repeated })

  const sayOnce = async (command: Command, expect?: number): Promise<Receipt> => {
    const { checked, digest } = check(command)
    if (checked.type === 'create') return create(command, checked, digest)
    const seen = await journal.seen(command.session, command.id)
    if (seen !== undefined && isFinal(seen)) return repeated(seen, command, digest)
    if (draining && (checked.type === 'prompt' || checked.type === 'answer')) throw new Failure('draining')
    try {
      return await forwarding.decide(await hosting.get(command.session), command, checked, digest, expect)
    } catch (error) {
      const failure = toFailure(error)
      if (failure.code === 'moved') return forwarding.send(command, expect)
      throw failure
    }
  }

  /** One after the other for one command, so that its second coming finds what became of the first. */
  const inTurn = <T>(command: Command, work: () => Promise<T>): Promise<T> => {
    const key = `${command.session} ${command.id}`
    const done = (saying.get(key) ?? Promise.resolve()).then(work, work)
    saying.set(key, done)
    const forget = (): void => {
      if (saying.get(key) === done) saying.delete(key)
    }
    done.then(forget, forget)
    return done
  }
  const say = (command: Command, expect?: number): Promise<Receipt> => inTurn(command, () => sayOnce(command, expect))

  const remove = async (session: string): Promise<void> => {
    const { owner, stop } = await hosting.get(session)
    await stop({ outcome: 'cancelled' })
    await owner.idle()
    await journal.remove(owner.lease)
    await hosting.release(session)
  }

  return {
    journal,
    agents,
    say,
    state: async (session) => hosting.peek(session) ?? load(journal, session),
    recover: () => recover(house),
    remove: async (session) => {
      try {
        await remove(session)
      } catch (error) {
        // Somebody else removed it, or it was let go meanwhile: a second look tells which.
        if (toFailure(error).code !== 'moved') throw error
        await remove(session)
      }
    },
    trim: (olderThan) => trim(house, olderThan),
    running: () => hosting.all().filter(({ busy }) => busy()).length,
    drain: (graceMs) => {
      draining = true
      return hosting.drain(graceMs)
    },
    close: async () => {
      draining = true
      await hosting.drain(0)
      await hosting.close()
      await options.journal.close()
    },
  }
}
