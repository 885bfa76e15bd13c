import type { Said } from '../core/events.ts'
import { toFailure } from '../core/failures.ts'
import type { Answer, Env, Question } from '../core/ports.ts'
import { isOpenAsk, type Item, type SessionState } from '../core/session.ts'

type AskItem = Extract<Item, { kind: 'ask' }>

/** ms between two tries to say that a question has expired, on a disk that is full. */
const retryExpiry = 1000

const withdrawn: Answer = { outcome: 'cancelled', by: 'node' }

export interface QuestionsOptions {
  /** The turn that asks. */
  readonly turn: string
  /** Author of its events. */
  readonly by: string
  /** As it was when this attempt of the turn began. */
  readonly session: SessionState
  /** What is committed now. */
  readonly state: () => SessionState
  /** Adds to the log. @throws Failure `conflict` when the turn is over, `moved` */
  readonly say: (make: (state: SessionState) => readonly Said[]) => Promise<unknown>
  readonly env: Env
}

/** What became of a question, as its agent hears it. */
export const answerOf = ({ outcome, by, option, text }: NonNullable<AskItem['resolved']>): Answer => ({
  outcome,
  by,
  ...(option !== undefined && { option }),
  ...(text !== undefined && { text }),
})

/** The questions of one attempt of a turn: durable before anyone sees them, each resolved once. */
export interface Questions {
  readonly ask: (question: Question) => Promise<Answer>
  /** What the log says became of a question. */
  readonly answer: (ask: string, answer: Answer) => void
  /** Nobody answers any more: who waits hears `cancelled`. */
  readonly letGo: () => void
}

export const questions = ({ turn, by, session, state, say, env }: QuestionsOptions): Questions => {
  const waiting = new Map<string, (answer: Answer) => void>()
  /** Asked by an earlier attempt and not answered then: not asked again, also when the answer came before the agent did. */
  const earlier = session.items.filter((item) => isOpenAsk(item)).filter((item) => item.turn === turn)
  let over = false

  /** Resolved meanwhile: then somebody was faster, and that is what counts. */
  const expiry = (now: SessionState, ask: string): readonly Said[] =>
    now.items.some((item) => item.id === ask && isOpenAsk(item))
      ? [{ type: 'ask.resolved', by: 'node', at: env.now(), ask, outcome: 'expired' }]
      : []

  /** Returns how to stop the clock. */
  const expireIn = (ms: number, ask: string): (() => void) => {
    let cancel = env.after(ms, () => {
      say((now) => expiry(now, ask)).catch((error: unknown) => {
        const { code } = toFailure(error)
        if (code !== 'conflict' && code !== 'moved' && waiting.has(ask)) cancel = expireIn(retryExpiry, ask)
      })
    })
    return () => cancel()
  }

  const ask = async (question: Question): Promise<Answer> => {
    if (over) return withdrawn
    const { timeout, ...rest } = question
    const index = earlier.findIndex((item) => item.ask.subject.title === question.subject.title)
    const open = index < 0 ? undefined : earlier.splice(index, 1)[0]
    const name = open?.id ?? env.id()
    const item = state().items.findLast((one) => one.id === name)
    if (item?.kind === 'ask' && item.resolved !== null) return answerOf(item.resolved)
    const answered = new Promise<Answer>((resolve) => waiting.set(name, resolve))
    const at = env.now()
    const expires = open === undefined ? timeout && at + timeout : open.ask.expires
    const options = [...rest.options]
    if (open === undefined)
      await say(() => [
        { type: 'ask', by, at, ask: name, turn, ...rest, options, ...(expires !== undefined && { expires }) },
      ])
    const cancel = expires === undefined ? undefined : expireIn(Math.max(0, expires - at), name)
    const answer = await answered
    cancel?.()
    return answer
  }

  return {
    ask,
    answer: (name, answer) => {
      waiting.get(name)?.(answer)
      waiting.delete(name)
    },
    letGo: () => {
      over = true
      for (const settle of waiting.values()) settle(withdrawn)
      waiting.clear()
    },
  }
}
