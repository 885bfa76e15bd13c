import type { Checked } from '../core/commands.ts'
import type { Said } from '../core/events.ts'
import { Failure } from '../core/failures.ts'
import { isOpenAsk, type SessionState } from '../core/session.ts'
import { closing } from './ending.ts'

/** What a decision may look at beside the state: all of it comes from outside, so a decision is pure. */
export interface Context {
  readonly at: number
  readonly by: string
  readonly cause: string
  readonly newId: () => string
  /** Prompts that may wait in a session. */
  readonly maxQueue: number
  /** Name of the agent that a turn of this state would run. @throws Failure `agent_unavailable`, `model_not_found` */
  readonly agent: (state: SessionState) => { readonly name: string; readonly steers: boolean }
}

/**
 * What a command adds to the log of a session in this state.
 * @throws Failure when the state does not allow it; then nothing is added.
 */
export const decide = (command: Checked, state: SessionState, context: Context): readonly Said[] => {
  const stamp = { by: context.by, at: context.at, cause: context.cause }
  if (state.closed) throw new Failure('session_closed')
  switch (command.type) {
    case 'create':
      throw new Failure('conflict', 'There is a session of this id already')
    case 'prompt':
      return prompt(command.data, state, context)
    case 'cancel':
      return cancel(command.data.turn, state, stamp)
    case 'answer': {
      const item = state.items.find((one) => one.kind === 'ask' && one.id === command.data.ask)
      if (item?.kind !== 'ask') throw new Failure('not_found', 'There is no such question in this session')
      if (!isOpenAsk(item)) throw new Failure('already_resolved')
      const { option, text } = command.data
      if (option !== undefined && !item.ask.options.some((one) => one.id === option))
        throw new Failure(
          'invalid_request',
          `option: it is one of ${item.ask.options.map((one) => one.id).join(', ')}`,
          { param: 'option' },
        )
      if (option === undefined && (text === undefined || text === '' || item.ask.free !== true))
        throw new Failure('invalid_request', 'option: an answer needs one of the options', { param: 'option' })
      const said = { ...(option !== undefined && { option }), ...(text !== undefined && { text }) }
      return [{ type: 'ask.resolved', ...stamp, ask: item.id, outcome: 'answered', ...said }]
    }
    case 'update':
      // Its own agent may be gone: the session can still be renamed, or given another one.
      if (command.data.agent !== undefined) context.agent({ ...state, agent: command.data.agent })
      return [{ type: 'session.updated', ...stamp, ...command.data }]
    case 'close': {
      const cancelled = state.queue.map(({ turn }): Said => ({
        type: 'turn.ended',
        ...stamp,
        turn,
        outcome: 'cancelled',
      }))
      const end: Said = { type: 'session.closed', ...stamp }
      return [...cancelled, ...closing(state, { outcome: 'cancelled' }, stamp), end]
    }
    default:
      return command satisfies never
  }
}

type Stamp = Pick<Said, 'by' | 'at' | 'cause'>

const prompt = (
  data: Extract<Checked, { type: 'prompt' }>['data'],
  state: SessionState,
  context: Context,
): readonly Said[] => {
  const stamp = { by: context.by, at: context.at, cause: context.cause }
  const agent = context.agent(state)
  const { running } = state
  const said = { type: 'prompt', ...stamp, mid: context.newId(), text: data.text } as const
  if (data.mode === 'steer' && running !== null && !running.cancelling && agent.steers)
    return [{ ...said, turn: running.turn, steer: true }]
  const turn = context.newId()
  if (running === null && state.queue.length === 0) return [{ ...said, turn }, started(state, turn, agent.name, stamp)]
  if (state.queue.length >= context.maxQueue) throw new Failure('queue_full')
  return [
    { ...said, turn },
    { type: 'turn.queued', ...stamp, turn },
  ]
}

const cancel = (turn: string | undefined, state: SessionState, stamp: Stamp): readonly Said[] => {
  const id = turn ?? state.running?.turn
  if (id === undefined) throw new Failure('conflict', 'Nothing runs in this session')
  // Said again even when it is being cancelled: each command that is acknowledged is in the log.
  if (id === state.running?.turn) return [{ type: 'cancel', ...stamp, turn: id }]
  if (!state.queue.some((queued) => queued.turn === id))
    throw new Failure('conflict', 'This turn neither runs nor waits')
  return [
    { type: 'cancel', ...stamp, turn: id },
    { type: 'turn.ended', ...stamp, turn: id, outcome: 'cancelled' },
  ]
}

/** The event that gives a turn to an agent. It is committed before the agent hears of it, so that a crash never bills twice silently. */
export const started = (
  state: SessionState,
  turn: string,
  agent: string,
  stamp: Stamp,
  attempt = 1,
): Said<'turn.started'> => ({
  type: 'turn.started',
  ...stamp,
  turn,
  attempt,
  agent,
  ...(state.model !== '' && { model: state.model }),
})
