import type { Event, Said } from '../core/events.ts'
import { Failure } from '../core/failures.ts'
import type { Agent, Env, Journal, Lease } from '../core/ports.ts'
import type { SessionState } from '../core/session.ts'
import { started } from './decide.ts'
import { closing, type End, failed } from './ending.ts'
import { own, type Owner } from './owner.ts'
import { answerOf } from './questions.ts'
import { promptOf } from './spoken.ts'
import { type Runner, runTurn } from './turn.ts'

/** ms after which a turn that could not be started is tried again. */
const retryNext = 1000

export interface HostedOptions {
  readonly journal: Journal
  readonly env: Env
  readonly node: string
  readonly agentFor: (state: SessionState) => Agent
  /** While true no further turn is started. */
  readonly draining: () => boolean
  readonly onBug: (error: unknown) => void
}

/** A session that this node owns: its writer, and the turn that runs. */
export interface Hosted {
  readonly owner: Owner
  /** Monotonic ms of the last commit. */
  readonly used: () => number
  readonly busy: () => boolean
  /** Gives a turn that a crash left open its one end, or hands it to an agent that can really resume it. */
  readonly recover: () => Promise<void>
  /** Ends the running turn like this; resolves after its end is committed. */
  readonly stop: (end: End) => Promise<void>
  /** Puts aside a turn that its agent can really resume; any other runs on. */
  readonly suspend: () => Promise<void>
  /** Resolves when no turn runs. */
  readonly over: () => Promise<void>
}

export const hosted = (options: HostedOptions, lease: Lease, initial: SessionState): Hosted => {
  const { journal, env, node, agentFor, draining, onBug } = options
  let runner: Runner | undefined
  let suspended = false
  let used = env.monotonic()
  const stamp = () => ({ by: `node:${node}`, at: env.now() })

  const owner = own(journal, lease, initial, (events) => {
    used = env.monotonic()
    for (const event of events) tell(event)
    reconcile()
  })

  const tell = (event: Event): void => {
    if (event.type === 'prompt' && event.steer === true) runner?.steer(promptOf(owner.state(), event.mid))
    if (event.type !== 'ask.resolved') return
    runner?.answer(event.ask, answerOf(event))
  }

  /** What should happen in this state and does not yet: stop the turn, run it, start the next one. */
  const reconcile = (): void => {
    const { running, queue } = owner.state()
    if (lease.lost.aborted || suspended) return
    if (runner !== undefined) {
      if (running?.turn !== runner.turn || running.cancelling) runner.stop({ outcome: 'cancelled' })
    } else if (running !== null) run(owner.state())
    else if (queue.length > 0 && !draining()) next()
  }

  const run = (state: SessionState): void => {
    const mine = runTurn({ owner, agent: agentFor(state), env, onBug })
    runner = mine
    void mine.over.then(() => {
      runner = undefined
      reconcile()
    })
  }

  const agentOf = (state: SessionState): Agent | undefined => {
    try {
      return agentFor(state)
    } catch {
      return undefined
    }
  }

  const begin = (state: SessionState): readonly Said[] => {
    const turn = state.queue[0]?.turn
    if (state.running !== null || turn === undefined) return []
    const agent = agentOf(state)
    if (agent !== undefined) return [started(state, turn, agent.name, stamp())]
    // It was there when the prompt came, and nobody can say when it will be again.
    const missing = new Failure('agent_unavailable', `The agent "${state.agent}" is not configured any more`)
    return [{ type: 'turn.ended', ...stamp(), turn, ...failed(missing) }]
  }

  const next = (): void => {
    owner
      .write((state) => ({ said: begin(state) }))
      .catch((error: unknown) => {
        if (lease.lost.aborted) return
        // A full disk has room again one day: what waits is not forgotten.
        env.after(retryNext, reconcile)
        onBug(error)
      })
  }

  const recovery = (state: SessionState): readonly Said[] => {
    if (state.running === null) return []
    const { turn, attempt, agent, cancelling } = state.running
    if (cancelling) return closing(state, { outcome: 'cancelled' }, stamp())
    if (agentOf(state)?.resumes(state) === true) return [started(state, turn, agent, stamp(), attempt + 1)]
    const message = 'The server was restarted while this ran. What was said is kept; ask again to go on.'
    return closing(state, { outcome: 'interrupted', code: 'restarted', message, retryable: true }, stamp())
  }

  return {
    owner,
    used: () => used,
    busy: () => runner !== undefined || owner.state().queue.length > 0,
    recover: async () => {
      await owner.write((state) => ({ said: recovery(state) }))
      reconcile()
    },
    stop: async (end) => {
      runner?.stop(end)
      await runner?.over
    },
    suspend: async () => {
      const state = owner.state()
      if (runner === undefined || agentOf(state)?.resumes(state) !== true) return
      suspended = true
      runner.suspend()
      await runner.over
    },
    over: async () => runner?.over,
  }
}
