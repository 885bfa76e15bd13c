import { z } from 'zod'

/**
 * How the fake model server answers one request. JSON, so that it can come from a test, a header (`x-fake-plan`) or the
 * prompt itself (`[[{"fault":{"kind":"reset","after":3}}]]`).
 */

/** What goes wrong. `after` counts content chunks that were sent whole. */
export const Fault = z.discriminatedUnion('kind', [
  /** The connection is closed without an answer. */
  z.object({ kind: z.literal('refuse') }),
  /** TCP reset. */
  z.object({ kind: z.literal('reset'), after: z.number() }),
  /** A clean end of the response in the middle of the answer: no finish reason, no end marker. */
  z.object({ kind: z.literal('cut'), after: z.number() }),
  /** Nothing more comes, the connection stays. `keepaliveMs` sends comments (or Anthropic pings) meanwhile. */
  z.object({ kind: z.literal('stall'), after: z.number(), keepaliveMs: z.number().optional() }),
  /** Another status. `body` is sent as it is; by default it is an error in the form of the wire. */
  z.object({
    kind: z.literal('status'),
    status: z.number(),
    retryAfter: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    message: z.string().optional(),
    code: z.string().optional(),
    body: z.string().optional(),
  }),
  /** An error event in a stream that began with 200. */
  z.object({ kind: z.literal('error-event'), after: z.number(), error: z.record(z.string(), z.unknown()) }),
  /** A data line that is not JSON. */
  z.object({ kind: z.literal('garbage'), after: z.number() }),
  /** A byte that is not UTF-8 in the middle of a text. */
  z.object({ kind: z.literal('invalid-utf8'), after: z.number() }),
  /** One line of so many bytes without an end. */
  z.object({ kind: z.literal('long-line'), after: z.number(), bytes: z.number() }),
  /** Everything is sent, but no finish reason. */
  z.object({ kind: z.literal('no-finish') }),
  /** The body is this base64, whatever it is: for fuzzing. */
  z.object({ kind: z.literal('raw'), base64: z.string() }),
])
export type Fault = z.infer<typeof Fault>

export const Plan = z.object({
  /** The answer: a text is cut into words, a list is sent as it is. Default: an echo of the last user message. */
  text: z.union([z.string(), z.array(z.string())]).optional(),
  thinking: z.array(z.string()).optional(),
  /** How thinking is called in chat completions. Default `reasoning` (vLLM); formerly `reasoning_content`. */
  reasoningField: z.enum(['reasoning', 'reasoning_content']).optional(),
  toolCalls: z
    .array(
      z.object({
        name: z.string(),
        arguments: z.string(),
        /** The same id twice, or none, as some local servers send. */
        id: z.string().nullable().optional(),
        index: z.number().nullable().optional(),
      }),
    )
    .optional(),
  /** Default: words counted. null: none is sent. */
  usage: z.object({ input: z.number(), output: z.number() }).nullable().optional(),
  /** Default `stop`, or `tool_calls`. */
  finish: z.string().optional(),
  /** ms before the status line, before the first chunk, and between chunks. Default 0. */
  headMs: z.number().optional(),
  firstMs: z.number().optional(),
  chunkMs: z.number().optional(),
  /** The body is written in pieces of so many bytes, which cuts lines and characters anywhere. */
  bytesAtATime: z.number().optional(),
  contentType: z.string().optional(),
  fault: Fault.optional(),
})
export type Plan = z.infer<typeof Plan>

/** The plan that a request brings along, if any. @throws ZodError when it is not one */
export const planIn = (header: string | undefined, prompt: string): Plan | undefined => {
  const start = prompt.indexOf('[[')
  const inPrompt = start < 0 ? undefined : prompt.slice(start + 2, prompt.lastIndexOf(']]'))
  const json = header ?? inPrompt
  return json === undefined || json === '' ? undefined : Plan.parse(JSON.parse(json))
}

export const chunksOf = (text: Plan['text'], echo: string): readonly string[] => {
  const said = text ?? `You said: ${echo}`
  return typeof said === 'string' ? (said.match(/\s+|\S+/g) ?? []) : said
}

export const countWords = (text: string): number => text.match(/\S+/g)?.length ?? 0
