import type { Said } from '../core/events.ts'
import { Failure, toFailure } from '../core/failures.ts'
import type { Agent, Answer, Env, Prompt, Turn } from '../core/ports.ts'
import type { SessionState } from '../core/session.ts'
import { closing, type End, failed } from './ending.ts'
import { mailbox } from './mailbox.ts'
import type { Owner } from './owner.ts'
import { questions } from './questions.ts'
import { attribute, promptOf, remember, unheard } from './spoken.ts'

/** How long an agent may take to stop after `signal`, in ms; then its turn is ended without it. */
const stopLimit = 1000
/** Uncommitted events after which an agent waits for the journal. */
const backlogLimit = 256
/** ms between two tries to write the end of a turn on a disk that is full. */
const retryEnd = 1000

export interface Runner {
  readonly turn: string
  /** Stops the agent. What is open is closed and the turn ends like this. */
  readonly stop: (end: End) => void
  /** Stops the agent and leaves the turn as it is in the log: the next owner hands it to the agent again. */
  readonly suspend: () => void
  readonly answer: (ask: string, answer: Answer) => void
  readonly steer: (prompt: Prompt) => void
  /** Resolves after the end of the turn is committed, or the lease is lost. Never rejects. */
  readonly over: Promise<void>
}

export interface RunnerOptions {
  readonly owner: Owner
  readonly agent: Agent
  readonly env: Env
  /** Called with what an agent throws that is not a Failure: a bug to be logged. */
  readonly onBug: (error: unknown) => void
}

/** Runs the turn that `owner`'s state says is running, to its one end. */
export const runTurn = ({ owner, agent, env, onBug }: RunnerOptions): Runner => {
  const session = owner.state()
  const { running } = session
  if (running === null) throw new Error('runTurn needs a running turn')
  const { turn: id, attempt } = running
  const by = `agent:${agent.name}`
  const stopping = new AbortController()
  const steering = mailbox<Prompt>()
  const heard = new Set([running.prompt])
  let end: End | undefined
  let suspended = false

  const letGo = (): void => {
    asked.letGo()
    steering.close()
  }
  const stop = (how: End): void => {
    end ??= how
    stopping.abort()
    letGo()
  }

  /** Adds to the log, unless the turn has been ended meanwhile. */
  const say = (make: (state: SessionState) => readonly Said[]): Promise<number> =>
    owner.write((state) => {
      if (state.running?.turn !== id) throw new Failure('conflict')
      return { said: make(state) }
    })

  const asked = questions({ turn: id, by, session, state: owner.state, say, env })

  const turn: Turn = {
    id,
    attempt,
    session,
    prompt: promptOf(session, running.prompt),
    model: session.model,
    signal: stopping.signal,
    ask: asked.ask,
    steering: remember(steering.items, heard),
    newId: env.id,
  }

  const listen = async (): Promise<End> => {
    for await (const said of agent.run(turn)) {
      if (stopping.signal.aborted) break
      const written = say(() => [attribute(said, id, agent.name, env.now())])
      if (owner.backlog() >= backlogLimit || (said.type === 'tool' && said.state !== 'pending')) await written
      else written.catch((error: unknown) => stop(failed(toFailure(error))))
    }
    return end ?? { outcome: 'complete' }
  }

  const finish = async (how: End): Promise<void> => {
    for (;;) {
      try {
        const stamp = { by, at: env.now() }
        await say((state) => [
          ...closing(state, how, stamp),
          ...unheard(state, id, heard).map((mid): Said => ({ type: 'turn.queued', ...stamp, turn: env.id(), mid })),
        ])
        return
      } catch (error) {
        const { code } = toFailure(error)
        if (code === 'moved' || code === 'conflict' || owner.lease.lost.aborted) return
        await new Promise<void>((resolve) => env.after(retryEnd, resolve))
      }
    }
  }

  const run = async (): Promise<void> => {
    let cancel = (): void => undefined
    const overdue = new Promise<End | undefined>((resolve) => {
      const late = (): void => void (cancel = env.after(stopLimit, () => resolve(end)))
      stopping.signal.addEventListener('abort', late, { once: true })
    })
    const said = listen().catch((error: unknown): End => {
      if (!(error instanceof Failure) && !stopping.signal.aborted) onBug(error)
      return end ?? failed(toFailure(error))
    })
    const how = await Promise.race([said, overdue])
    cancel()
    letGo()
    if (!suspended) await finish(end ?? how ?? { outcome: 'cancelled' })
  }

  return {
    turn: id,
    stop,
    suspend: () => {
      suspended = true
      stopping.abort()
      letGo()
    },
    answer: asked.answer,
    steer: steering.put,
    over: run(),
  }
}
