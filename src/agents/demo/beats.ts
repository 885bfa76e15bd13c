import type { SaidByAgent } from '../../core/events.ts'
import type { Failure } from '../../core/failures.ts'
import type { Answer, Question } from '../../core/ports.ts'
import type { SessionState } from '../../core/session.ts'

/** One thing that a scripted turn does. A script is data, so that what it will say can be told without running it. */
export type Beat =
  /** Said word by word. `pace` in ms a word where it is not the agent's own. */
  | { readonly do: 'text' | 'thinking'; readonly text: string; readonly pace?: number }
  | {
      readonly do: 'say'
      readonly event: Exclude<SaidByAgent, { type: 'message' | 'text' | 'thinking' | 'tool.output' }>
    }
  | { readonly do: 'output'; readonly tid: string; readonly text: string }
  /** The message ends here; what is said next is another one. */
  | { readonly do: 'finish' }
  /** A rest of so many words' time. */
  | { readonly do: 'rest'; readonly words: number }
  | { readonly do: 'ask'; readonly question: Question; readonly next: (answer: Answer) => readonly Beat[] }
  | { readonly do: 'fail'; readonly failure: Failure }

/** What a script is made from. Its text depends on `prompt` and `seed` alone. */
export interface Setting {
  readonly prompt: string
  readonly seed: number
  readonly session: SessionState
  newId(): string
}

/** One thing the demo agent can do. */
export interface Scene {
  /** What to type, and what then happens; both for people. */
  readonly type: string
  readonly help: string
  /** Whether a prompt, in lower case, is meant for this scene. */
  readonly match: (prompt: string) => boolean
  readonly beats: (setting: Setting) => readonly Beat[]
  /** Tokens where they are fixed by the wires' golden conversations; else the words are counted. */
  readonly usage?: { readonly input: number; readonly output: number }
}

export const text = (said: string, pace?: number): Beat => ({
  do: 'text',
  text: said,
  ...(pace !== undefined && { pace }),
})
export const say = (event: Extract<Beat, { do: 'say' }>['event']): Beat => ({ do: 'say', event })
export const rest = (words: number): Beat => ({ do: 'rest', words })
export const finish: Beat = { do: 'finish' }
