import { chunksOf, countWords } from './plan.ts'
import { allText, lastUserText, type Wire } from './wire.ts'

let answers = 0

/** OpenAI's chat completions, as OpenAI, LM Studio, Ollama and vLLM speak them. */
export const openai: Wire = {
  streams: (body) => body['stream'] === true,
  prompt: lastUserText,
  error: (status, message, code) => ({
    error: { message, type: status >= 500 ? 'server_error' : 'invalid_request_error', param: null, code: code ?? null },
  }),
  errorEvent: (error) => `data: ${JSON.stringify({ error })}\n\n`,
  answer: (body, plan) => {
    const head = { id: `chatcmpl-${++answers}`, created: 1_767_225_600, model: String(body['model'] ?? 'fake') }
    const words = chunksOf(plan.text, lastUserText(body))
    const calls = (plan.toolCalls ?? []).map(({ name, arguments: args, id = `call_${answers}`, index }, at) => ({
      ...(index !== null && { index: index ?? at }),
      ...(id !== null && { id }),
      type: 'function',
      function: { name, arguments: args },
    }))
    const finish = plan.finish ?? (calls.length > 0 ? 'tool_calls' : 'stop')
    const { input, output } = plan.usage ?? { input: countWords(allText(body)), output: countWords(words.join('')) }
    const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
    const frame = (choices: readonly unknown[], more: object = {}): string =>
      `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...more })}\n\n`
    const delta = (piece: object, reason: string | null = null): string =>
      frame([{ index: 0, delta: piece, finish_reason: reason }])
    const wantsUsage = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true
    const usageFrame = wantsUsage && plan.usage !== null ? [frame([], { usage })] : []
    const reasoning = plan.reasoningField ?? 'reasoning'
    return {
      before: [delta({ role: 'assistant', content: '' })],
      content: [
        ...(plan.thinking ?? []).map((thought) => delta({ [reasoning]: thought })),
        ...words.map((content) => delta({ content })),
        ...calls.map((call) => delta({ tool_calls: [call] })),
      ],
      after: [delta({}, finish), ...usageFrame, 'data: [DONE]\n\n'],
      withoutFinish: usageFrame,
      whole: {
        ...head,
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: words.join(''),
              ...(plan.thinking !== undefined && { [reasoning]: plan.thinking.join('') }),
              ...(calls.length > 0 && { tool_calls: calls }),
            },
            finish_reason: finish,
          },
        ],
        ...(plan.usage !== null && { usage }),
      },
      keepalive: ': keepalive\n\n',
    }
  },
}
