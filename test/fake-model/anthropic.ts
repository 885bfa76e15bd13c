import { chunksOf, countWords, type Plan } from './plan.ts'
import { allText, lastUserText, type Wire } from './wire.ts'

let answers = 0

const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`

/** Frames of one content block: start, its deltas, stop. Only the deltas count as content. */
const block = (index: number, start: object, deltas: readonly object[]) => {
  const framed = deltas.map((delta) => event('content_block_delta', { index, delta }))
  const opening = event('content_block_start', { index, content_block: start })
  const closing = event('content_block_stop', { index })
  // Start and stop travel with a delta, so that one chunk is one write.
  return framed.length === 0
    ? [opening + closing]
    : framed.map((one, at) => (at === 0 ? opening : '') + one + (at === framed.length - 1 ? closing : ''))
}

const blocksOf = (plan: Plan, words: readonly string[]) => [
  ...(plan.thinking === undefined
    ? []
    : [
        {
          start: { type: 'thinking', thinking: '', signature: '' },
          deltas: plan.thinking.map((thinking) => ({ type: 'thinking_delta', thinking })),
          whole: { type: 'thinking', thinking: plan.thinking.join(''), signature: 'fake' },
        },
      ]),
  {
    start: { type: 'text', text: '' },
    deltas: words.map((text) => ({ type: 'text_delta', text })),
    whole: { type: 'text', text: words.join('') },
  },
  ...(plan.toolCalls ?? []).map(({ name, arguments: args, id }, at) => {
    const tool = { type: 'tool_use', id: id ?? `toolu_${answers}_${at}`, name }
    return {
      start: { ...tool, input: {} },
      deltas: [{ type: 'input_json_delta', partial_json: args }],
      whole: { ...tool, input: args === '' ? {} : (JSON.parse(args) as unknown) },
    }
  }),
]

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

/** Anthropic's Messages. */
export const anthropic: Wire = {
  streams: (body) => body['stream'] === true,
  prompt: lastUserText,
  error: (status, message) => ({ type: 'error', error: { type: errorTypes[status] ?? 'api_error', message } }),
  errorEvent: (error) => event('error', { error }),
  answer: (body, plan) => {
    const words = chunksOf(plan.text, lastUserText(body))
    const blocks = blocksOf(plan, words)
    const { input, output } = plan.usage ?? { input: countWords(allText(body)), output: countWords(words.join('')) }
    const stop_reason = plan.finish ?? (plan.toolCalls === undefined ? 'end_turn' : 'tool_use')
    const message = {
      id: `msg_${++answers}`,
      type: 'message',
      role: 'assistant',
      model: String(body['model'] ?? 'fake'),
      stop_sequence: null,
    }
    const end = event('message_delta', {
      delta: { stop_reason, stop_sequence: null },
      usage: { output_tokens: output },
    })
    return {
      before: [
        event('message_start', {
          message: { ...message, content: [], stop_reason: null, usage: { input_tokens: input, output_tokens: 1 } },
        }),
        event('ping', {}),
      ],
      content: blocks.flatMap(({ start, deltas }, index) => block(index, start, deltas)),
      after: [end, event('message_stop', {})],
      withoutFinish: [],
      whole: {
        ...message,
        content: blocks.map(({ whole }) => whole),
        stop_reason,
        usage: { input_tokens: input, output_tokens: output },
      },
      keepalive: event('ping', {}),
    }
  },
}
