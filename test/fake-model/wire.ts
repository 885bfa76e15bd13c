import type { Plan } from './plan.ts'

/** One answer in the form of a wire, not yet sent. */
export interface Answer {
  /** Frames before the content, the content one chunk a frame, and what ends it. */
  readonly before: readonly string[]
  readonly content: readonly string[]
  readonly after: readonly string[]
  /** The part of `after` that a fault may leave out: the finish reason and the end marker. */
  readonly withoutFinish: readonly string[]
  /** The answer to a request that does not stream. */
  readonly whole: unknown
  readonly keepalive: string
}

/** A wire: how a request is read and an answer is written. */
export interface Wire {
  readonly streams: (body: Body) => boolean
  readonly prompt: (body: Body) => string
  readonly answer: (body: Body, plan: Plan) => Answer
  readonly error: (status: number, message: string, code: string | undefined) => unknown
  readonly errorEvent: (error: Readonly<Record<string, unknown>>) => string
}

export type Body = Readonly<Record<string, unknown>>

/** The text of the last user message, whether it is a string or a list of blocks. */
export const lastUserText = (body: Body): string => {
  const messages = Array.isArray(body['messages']) ? (body['messages'] as readonly Body[]) : []
  return textIn(messages.findLast((message) => message['role'] === 'user')?.['content'])
}

export const allText = (body: Body): string => {
  const messages = Array.isArray(body['messages']) ? (body['messages'] as readonly Body[]) : []
  return messages.map((message) => textIn(message['content'])).join(' ')
}

const textIn = (content: unknown): string => {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return (content as readonly Body[]).map((block) => (typeof block['text'] === 'string' ? block['text'] : '')).join('')
}
