import { z } from 'zod'

/**
 * The vocabulary of a session's log, written once: name → shape. The TypeScript types, the validation and the JSON
 * Schema all come from this table. Lengths are UTF-16 code units, times are milliseconds since 1970 (wall clock, for
 * people only: order is `seq`).
 */

const id = z.string().min(1).max(200)
const label = z.string().max(500)
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
const json = z.unknown()

/** A piece of a message. Text parts grow by `text`/`thinking` deltas; the others come whole. */
export const Part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('thinking'), text: z.string() }),
  z.object({ type: z.literal('image'), url: z.string(), alt: z.string().optional() }),
])
export type Part = z.infer<typeof Part>

/** How a turn ends. Every started turn has exactly one of these. */
export const Outcome = z.enum(['complete', 'cancelled', 'failed', 'interrupted', 'refused', 'limit'])
export type Outcome = z.infer<typeof Outcome>

export const ToolState = z.enum(['pending', 'running', 'completed', 'failed', 'denied', 'cancelled', 'unknown'])
export type ToolState = z.infer<typeof ToolState>

/** What a person can pick when asked. `allow*`/`deny` are understood by the gateway's approval rules. */
export const Option = z.object({
  id,
  label,
  kind: z.enum(['allow_once', 'allow_session', 'deny', 'choice']),
})
export type Option = z.infer<typeof Option>

/** What a session is set up with; all of it may be changed later by `session.updated`. */
const settings = {
  title: label.optional(),
  agent: id.optional(),
  model: id.optional(),
  system_prompt: z.string().max(100_000).optional(),
  project_id: id.optional(),
}

const delta = { mid: id, part: count, offset: count, delta: z.string() }
const failure = { code: id.optional(), message: z.string().optional(), retryable: z.boolean().optional() }

/** name → shape. The order is the order of a session's life. */
export const shapes = {
  /** A node took the session over. Always the first event of a term. */
  owner: z.object({ node: id, term: count, note: label.optional() }),
  'session.created': z.object({ id, ...settings }),
  'session.updated': z.object({ ...settings, pinned: z.boolean().optional(), archived: z.boolean().optional() }),
  'session.closed': z.object({ reason: label.optional() }),

  /** What a person said. It starts `turn`, or steers it when it is already running. */
  prompt: z.object({ mid: id, turn: id, text: z.string(), steer: z.boolean().optional() }),
  cancel: z.object({ turn: id }),
  /** With `mid`: that prompt was to steer a turn that ended without hearing it, and gets a turn of its own. */
  'turn.queued': z.object({ turn: id, mid: id.optional() }),
  'turn.started': z.object({ turn: id, attempt: z.number().int().positive(), agent: id, model: id.optional() }),
  'turn.ended': z.object({ turn: id, outcome: Outcome, ...failure }),

  /** Upsert by `mid`. `final` makes it permanent and searchable; its parts are the truth, deltas were a preview. */
  message: z.object({
    mid: id,
    turn: id,
    role: z.enum(['assistant', 'system']),
    parts: z.array(Part),
    final: z.boolean(),
  }),
  /** `offset` is the length of the part so far: less → drop the overlap, equal → append, more → divergence. */
  text: z.object(delta),
  thinking: z.object(delta),

  /** Upsert by `tid`: a field that is absent keeps its value. */
  tool: z.object({
    tid: id,
    turn: id,
    name: id,
    title: label.optional(),
    kind: z.enum(['read', 'edit', 'delete', 'execute', 'search', 'fetch', 'other']).optional(),
    state: ToolState,
    input: json.optional(),
    output: json.optional(),
    error: z.string().optional(),
    /** 0 to 1 */
    progress: z.number().min(0).max(1).optional(),
    locations: z.array(z.object({ path: z.string(), line: count.optional() })).optional(),
    diff: z.object({ path: z.string(), before: z.string().nullable(), after: z.string() }).optional(),
  }),
  'tool.output': z.object({ tid: id, offset: count, delta: z.string() }),
  plan: z.object({
    turn: id,
    items: z.array(z.object({ text: z.string(), state: z.enum(['pending', 'running', 'done']) })),
  }),

  ask: z.object({
    ask: id,
    turn: id,
    kind: z.enum(['permission', 'question']),
    tid: id.optional(),
    /** What exactly is asked: the command, the diff, the question. Shown word for word. */
    subject: z.object({ title: z.string(), detail: z.string().optional(), input: json.optional() }),
    options: z.array(Option),
    /** Whether free text is taken as an answer too. */
    free: z.boolean().optional(),
    /** ms since 1970 */
    expires: count.optional(),
  }),
  'ask.resolved': z.object({
    ask: id,
    outcome: z.enum(['answered', 'expired', 'cancelled']),
    option: id.optional(),
    text: z.string().optional(),
  }),

  artifact: z.object({
    aid: id,
    turn: id,
    kind: id,
    title: label,
    body: z.string(),
    version: z.number().int().positive(),
    mime: id.optional(),
  }),
  step: z.object({
    sid: id,
    turn: id,
    title: label,
    state: z.enum(['running', 'done', 'failed']),
    progress: z.number().min(0).max(1).optional(),
    /** ms left, when it can be told */
    eta: count.optional(),
  }),
  log: z.object({ turn: id.optional(), level: z.enum(['info', 'warn', 'error']), text: z.string() }),
  usage: z.object({ turn: id, input: count, output: count, cached: count.optional(), cost_usd: z.number().optional() }),
  /** What the agent is doing right now, for people: "loading model", "retrying in 3 s". */
  status: z.object({ turn: id, text: label, retry_in_ms: count.optional() }),
  /** An agent's own memory (its session id, its place). Never shown to a person. */
  note: z.object({ agent: id, data: json }),
} as const

export type Type = keyof typeof shapes
/** The fields of one type of event. */
export type Fields<T extends Type> = z.infer<(typeof shapes)[T]>
/** What was said, before the journal gives it a place: `by` is a principal (`user:…`, `agent:…`, `node:…`). */
export type Said<T extends Type = Type> = {
  [K in T]: Fields<K> & { readonly type: K; readonly by: string; readonly at: number; readonly cause?: string }
}[T]
/** An event of the log. `seq` starts at 1 and is dense within a session. */
export type Event<T extends Type = Type> = { [K in T]: Said<K> & { readonly seq: number } }[T]

/** An event as an agent says it: the gateway adds the turn, the author and the time. */
export type Spoken =
  | 'message'
  | 'text'
  | 'thinking'
  | 'tool'
  | 'tool.output'
  | 'plan'
  | 'artifact'
  | 'step'
  | 'log'
  | 'usage'
  | 'status'
  | 'note'
export type SaidByAgent = {
  [K in Spoken]: Omit<Fields<K>, 'turn' | 'agent'> & { readonly type: K }
}[Spoken]
