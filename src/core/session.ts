import type { Event, Fields, Outcome, Part } from './events.ts'

/** What a session's log adds up to: everything a reader shows and everything the gateway decides on. JSON, so it can be sent. */
export interface SessionState {
  /** The last event folded in; 0 for none. */
  readonly seq: number
  /** The last event that says something: one that is not about who owns the session. */
  readonly moved: number
  readonly id: string
  /** The principal that made it. */
  readonly by: string
  readonly title: string
  readonly agent: string
  readonly model: string
  readonly system_prompt: string
  readonly project_id: string
  readonly pinned: boolean
  readonly archived: boolean
  readonly closed: boolean
  /** ms since 1970; 0 when the log is empty. */
  readonly created_at: number
  readonly updated_at: number
  /** The conversation in the order in which things first appeared. */
  readonly items: readonly Item[]
  /** The turn that runs now. */
  readonly running: Running | null
  /** Prompts that wait, oldest first. */
  readonly queue: readonly Queued[]
  readonly plan: Fields<'plan'>['items']
  /** What the agent is doing right now, in words. */
  readonly status: string
  readonly usage: { readonly input: number; readonly output: number; readonly cost_usd: number }
  readonly turns: number
  /** Agents' own memory, by agent; never shown. */
  readonly notes: Readonly<Record<string, unknown>>
}

export interface Running {
  readonly turn: string
  readonly attempt: number
  readonly agent: string
  /** `mid` of the prompt that started it. */
  readonly prompt: string
  readonly cancelling: boolean
}
export interface Queued {
  readonly turn: string
  readonly mid: string
}

interface Base {
  /** Stable name of the item: `mid`, `tid`, `ask`, `aid`, `sid` or the turn. */
  readonly id: string
  readonly turn: string
  readonly by: string
  readonly at: number
}
export type Item =
  | (Base & {
      readonly kind: 'message'
      readonly role: 'user' | 'assistant' | 'system'
      readonly parts: readonly Part[]
      readonly final: boolean
      /** Of a prompt: the command that said it. How a client finds its own again. */
      readonly cause?: string
    })
  | (Base & { readonly kind: 'tool'; readonly tool: Omit<Fields<'tool'>, 'tid' | 'turn'>; readonly output: string })
  | (Base & {
      readonly kind: 'ask'
      readonly ask: Omit<Fields<'ask'>, 'ask' | 'turn'>
      readonly resolved: (Omit<Fields<'ask.resolved'>, 'ask'> & { readonly by: string }) | null
    })
  | (Base & { readonly kind: 'artifact'; readonly artifact: Omit<Fields<'artifact'>, 'aid' | 'turn'> })
  | (Base & { readonly kind: 'step'; readonly step: Omit<Fields<'step'>, 'sid' | 'turn'> })
  | (Base & { readonly kind: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly text: string })
  | (Base & {
      readonly kind: 'end'
      readonly outcome: Outcome
      readonly code: string
      readonly message: string
      readonly retryable: boolean
    })

export const emptySession: SessionState = {
  seq: 0,
  moved: 0,
  id: '',
  by: '',
  title: '',
  agent: '',
  model: '',
  system_prompt: '',
  project_id: '',
  pinned: false,
  archived: false,
  closed: false,
  created_at: 0,
  updated_at: 0,
  items: [],
  running: null,
  queue: [],
  plan: [],
  status: '',
  usage: { input: 0, output: 0, cost_usd: 0 },
  turns: 0,
  notes: {},
}

export type SessionStatus = 'idle' | 'running' | 'requires_action' | 'closed'

export const isOpenAsk = (item: Item): item is Extract<Item, { kind: 'ask' }> =>
  item.kind === 'ask' && item.resolved === null

export const sessionStatus = (state: SessionState): SessionStatus => {
  if (state.closed) return 'closed'
  if (state.running === null) return state.queue.length > 0 ? 'running' : 'idle'
  const { turn } = state.running
  return state.items.some((item) => item.turn === turn && isOpenAsk(item)) ? 'requires_action' : 'running'
}

/** The text of a message: its text parts joined, thinking left out. */
export const textOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

/** One line of a session list: what is kept beside the log so that a list never reads one. */
export interface Summary {
  readonly id: string
  /** The principal that made the session: the only one that may see it. */
  readonly by: string
  readonly title: string
  readonly agent: string
  readonly model: string
  readonly project_id: string
  readonly status: SessionStatus
  readonly pinned: boolean
  readonly archived: boolean
  readonly created_at: number
  readonly turns: number
  readonly total_tokens: number
}
export const summarize = (state: SessionState): Summary => ({
  id: state.id,
  by: state.by,
  title: state.title,
  agent: state.agent,
  model: state.model,
  project_id: state.project_id,
  status: sessionStatus(state),
  pinned: state.pinned,
  archived: state.archived,
  created_at: state.created_at,
  turns: state.turns,
  total_tokens: state.usage.input + state.usage.output,
})

/** The permanent, searchable form of a message: written in the commit that ends it, kept when the log is trimmed. */
export interface MessageRow {
  readonly mid: string
  readonly seq: number
  readonly role: 'user' | 'assistant' | 'system'
  readonly text: string
  readonly at: number
}
export const messageRow = (event: Event): MessageRow | undefined => {
  if (event.type === 'prompt') return { mid: event.mid, seq: event.seq, role: 'user', text: event.text, at: event.at }
  if (event.type === 'message' && event.final)
    return { mid: event.mid, seq: event.seq, role: event.role, text: textOf(event.parts), at: event.at }
  return undefined
}
