import type { Event } from './events.ts'
import type { Item, SessionState } from './session.ts'

/** A view of a log: `step` is pure and must accept every event in order. */
export interface View<S> {
  readonly empty: S
  readonly step: (state: S, event: Event) => S
}

/** A delta does not follow on what the reader has: its copy is not the log's any more and must be read again. */
export class Diverged extends Error {
  override readonly name = 'Diverged'
}

type Draft = { -readonly [K in keyof SessionState]: SessionState[K] }

/**
 * Folds a batch into a session. Items that do not change keep their identity, so views can memoise on them.
 * Cost: one copy of the item list a batch, plus the events.
 * @throws Diverged when a delta starts behind the text it should follow
 */
export const foldSession = (state: SessionState, events: readonly Event[]): SessionState => {
  if (events.length === 0) return state
  const draft: Draft = { ...state, items: state.items.slice() }
  for (const event of events) step(draft, event)
  return draft
}

const step = (s: Draft, event: Event): void => {
  if (event.seq <= s.seq) return
  s.seq = event.seq
  if (event.type !== 'owner') s.moved = event.seq
  s.updated_at = event.at
  if (s.created_at === 0) s.created_at = event.at
  switch (event.type) {
    case 'owner':
      return
    case 'session.created':
    case 'session.updated':
      return settle(s, event)
    case 'session.closed':
      s.closed = true
      return
    case 'prompt':
      put(s, {
        kind: 'message',
        ...base(event, event.mid),
        role: 'user',
        parts: [{ type: 'text', text: event.text }],
        final: true,
        ...(event.cause !== undefined && { cause: event.cause }),
      })
      if (event.steer !== true) s.queue = [...s.queue, { turn: event.turn, mid: event.mid }]
      if (s.title === '') s.title = titleFrom(event.text)
      return
    case 'cancel':
      if (s.running?.turn === event.turn) s.running = { ...s.running, cancelling: true }
      return
    case 'turn.queued':
      if (event.mid !== undefined) s.queue = [...s.queue, { turn: event.turn, mid: event.mid }]
      return
    case 'turn.started':
      return start(s, event)
    case 'turn.ended':
      return end(s, event)
    case 'message':
      put(s, { kind: 'message', ...base(event, event.mid), role: event.role, parts: event.parts, final: event.final })
      return
    case 'text':
    case 'thinking':
      return grow(s, event)
    case 'tool': {
      const { tid, turn: _turn, seq: _seq, at: _at, by: _by, type: _type, cause: _cause, ...fields } = event
      const old = find(s, 'tool', tid)
      put(s, {
        kind: 'tool',
        ...(old ?? base(event, tid)),
        tool: { ...old?.tool, ...fields },
        output: old?.output ?? '',
      })
      return
    }
    case 'tool.output': {
      const old = find(s, 'tool', event.tid)
      if (old !== undefined) put(s, { ...old, output: join(old.output, event.offset, event.delta) })
      return
    }
    case 'plan':
      s.plan = event.items
      return
    case 'ask': {
      const { kind, tid, subject, options, free, expires } = event
      const ask = {
        kind,
        subject,
        options,
        ...(tid !== undefined && { tid }),
        ...(free !== undefined && { free }),
        ...(expires !== undefined && { expires }),
      }
      put(s, { kind: 'ask', ...base(event, event.ask), ask, resolved: null })
      return
    }
    case 'ask.resolved': {
      const old = find(s, 'ask', event.ask)
      const { outcome, option, text, by } = event
      if (old?.resolved === null)
        put(s, {
          ...old,
          resolved: { outcome, by, ...(option !== undefined && { option }), ...(text !== undefined && { text }) },
        })
      return
    }
    case 'artifact': {
      const { kind, title, body, version, mime } = event
      put(s, {
        kind: 'artifact',
        ...base(event, event.aid),
        artifact: { kind, title, body, version, ...(mime !== undefined && { mime }) },
      })
      return
    }
    case 'step': {
      const { title, state, progress, eta } = event
      const step = { title, state, ...(progress !== undefined && { progress }), ...(eta !== undefined && { eta }) }
      put(s, { kind: 'step', ...base(event, event.sid), step })
      return
    }
    case 'log':
      put(s, {
        kind: 'log',
        ...base({ ...event, turn: event.turn ?? '' }, `log-${event.seq}`),
        level: event.level,
        text: event.text,
      })
      return
    case 'usage':
      s.usage = {
        input: s.usage.input + event.input,
        output: s.usage.output + event.output,
        cost_usd: s.usage.cost_usd + (event.cost_usd ?? 0),
      }
      return
    case 'status':
      s.status = event.text
      return
    case 'note':
      s.notes = { ...s.notes, [event.agent]: event.data }
      return
    default:
      event satisfies never
  }
}

const base = (event: { readonly turn: string; readonly by: string; readonly at: number }, id: string) => ({
  id,
  turn: event.turn,
  by: event.by,
  at: event.at,
})

/** Live items are near the end, so the search runs backwards. */
const indexOf = (s: Draft, kind: Item['kind'], id: string): number =>
  s.items.findLastIndex((item) => item.id === id && item.kind === kind)

const find = <K extends Item['kind']>(s: Draft, kind: K, id: string): Extract<Item, { kind: K }> | undefined =>
  s.items[indexOf(s, kind, id)] as Extract<Item, { kind: K }> | undefined

/** Upsert; a first appearance keeps its author and its time. The draft owns its list, so it may be written to. */
const put = (s: Draft, item: Item): void => {
  const items = s.items as Item[]
  const index = indexOf(s, item.kind, item.id)
  const old = items[index]
  if (old === undefined) items.push(item)
  else items[index] = { ...item, at: old.at, by: old.by }
}

const settle = (s: Draft, event: Event<'session.created' | 'session.updated'>): void => {
  for (const key of ['title', 'agent', 'model', 'system_prompt', 'project_id'] as const) s[key] = event[key] ?? s[key]
  if (event.type === 'session.created') {
    s.id = event.id
    s.by = event.by
  } else {
    s.pinned = event.pinned ?? s.pinned
    s.archived = event.archived ?? s.archived
  }
}

const start = (s: Draft, event: Event<'turn.started'>): void => {
  const prompt = s.queue.find((queued) => queued.turn === event.turn)?.mid ?? s.running?.prompt ?? ''
  s.queue = s.queue.filter((queued) => queued.turn !== event.turn)
  s.running = { turn: event.turn, attempt: event.attempt, agent: event.agent, prompt, cancelling: false }
  s.turns += event.attempt === 1 ? 1 : 0
  s.status = ''
  s.plan = []
}

const end = (s: Draft, event: Event<'turn.ended'>): void => {
  if (s.running?.turn === event.turn) s.running = null
  s.queue = s.queue.filter((queued) => queued.turn !== event.turn)
  s.status = ''
  if (event.outcome === 'complete') return
  const { outcome, code = '', message = '', retryable = false } = event
  put(s, { kind: 'end', ...base(event, event.turn), outcome, code, message, retryable })
}

const grow = (s: Draft, event: Event<'text' | 'thinking'>): void => {
  const old = find(s, 'message', event.mid)
  const had = old?.parts[event.part]
  const text = join(had !== undefined && 'text' in had ? had.text : '', event.offset, event.delta)
  const parts = (old?.parts ?? []).slice()
  parts[event.part] = { type: event.type, text }
  if (old !== undefined) put(s, { ...old, parts })
  else
    put(s, {
      kind: 'message',
      ...base({ ...event, turn: s.running?.turn ?? '' }, event.mid),
      role: 'assistant',
      parts,
      final: false,
    })
}

/** The delta rule of the protocol: overlap is dropped, equal appends, a hole is a divergence. */
export const join = (text: string, offset: number, delta: string): string => {
  if (offset > text.length) throw new Diverged(`a delta at ${offset} does not follow on ${text.length} code units`)
  return text + delta.slice(text.length - offset)
}

const titleFrom = (text: string): string => {
  const line = text.trim().split('\n', 1)[0] ?? ''
  return line.length > 60 ? `${line.slice(0, 59).trimEnd()}…` : line
}
