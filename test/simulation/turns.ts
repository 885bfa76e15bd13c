import type { Event } from '../../src/core/events.ts'
import type { SessionState } from '../../src/core/session.ts'
import type { Violated } from './world.ts'

/** Watches the turns of one log, commit by commit [I4]. */
export interface Turns {
  readonly see: (event: Event) => void
  /** What must hold when nothing runs any more. */
  readonly rest: (state: SessionState) => void
}

/** Each started turn has one end, one attempt follows on the other, nothing is said outside a turn, each prompt is ended. */
export const createTurns = (session: string, violated: Violated): Turns => {
  const attempts = new Map<string, number>()
  const ended = new Set<string>()
  const asked = new Set<string>()
  let running: string | undefined

  const start = (event: Event<'turn.started'>, say: (what: string) => void): void => {
    const before = attempts.get(event.turn) ?? 0
    if (event.attempt !== before + 1) say(`attempt ${event.attempt} of ${event.turn} follows on ${before}`)
    if (ended.has(event.turn)) say(`${event.turn} starts after its end`)
    if (running !== undefined && running !== event.turn) say(`${event.turn} starts while ${running} runs`)
    attempts.set(event.turn, event.attempt)
    running = event.turn
  }
  const end = (event: Event<'turn.ended'>, say: (what: string) => void): void => {
    const { turn, outcome, code, message } = event
    if (ended.has(turn)) say(`${turn} ends twice`)
    ended.add(turn)
    if (running === turn) running = undefined
    if ((outcome === 'failed' || outcome === 'interrupted') && (code === undefined || message === undefined))
      violated('I8', `${session} ${event.seq}: ${turn} ends as ${outcome} and does not say why`)
  }

  return {
    see: (event) => {
      const say = (what: string): void => violated('I4', `${session} ${event.seq}: ${what}`)
      if (event.type === 'turn.queued' || (event.type === 'prompt' && event.steer !== true)) asked.add(event.turn)
      else if (event.type === 'turn.started') start(event, say)
      else if (event.type === 'turn.ended') end(event, say)
      else if (event.by.startsWith('agent:') && running === undefined) say(`${event.type} outside a turn`)
    },
    rest: ({ items }) => {
      for (const turn of [...asked, ...attempts.keys()])
        if (!ended.has(turn)) violated('I4', `${turn} of ${session} has no end`)
      for (const item of items) {
        const open =
          (item.kind === 'message' && !item.final) ||
          (item.kind === 'ask' && item.resolved === null) ||
          (item.kind === 'tool' && (item.tool.state === 'running' || item.tool.state === 'pending'))
        if (open) violated('I4', `the ${item.kind} ${item.id} of ${session} is open, and nothing runs`)
      }
    },
  }
}
