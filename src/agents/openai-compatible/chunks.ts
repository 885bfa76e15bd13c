import { Failure } from '../../core/failures.ts'
import type { Stage } from '../speak.ts'
import { parseJson, countIn, listIn, objectIn, stringIn } from './read.ts'

/** What the chunks of one answer add up to. */
export interface Answer {
  /** Takes one chunk (or a whole completion) and says what is new in it. True when it brought the answer forward. */
  take(chunk: Readonly<Record<string, unknown>>): boolean
  /** Why the model stopped; undefined while it has not. */
  finished(): string | undefined
  /** Whether anything of this answer was said. */
  begun(): boolean
  /** Says what is only known at the end: tool calls, usage, and why the text is short. */
  conclude(): void
}

interface Call {
  readonly key: string
  name: string
  args: string
}
/** Tool calls and code units of arguments of one answer that are kept; nobody asked for any. */
const callLimit = 16
const argumentLimit = 65_536

/** Reads chat completion chunks as OpenAI, LM Studio, Ollama and vLLM send them. */
export const createAnswer = (stage: Stage, newId: () => string): Answer => {
  const calls: Call[] = []
  let finish: string | undefined
  let begun = false
  let usage: { readonly input: number; readonly output: number; readonly cached?: number } | undefined

  const collect = (value: unknown): boolean => {
    const call = objectIn(value)
    const fn = objectIn(call?.['function'])
    if (fn === undefined) return false
    // `index` and `id` are both optional in the wild; without either it goes on with the last one.
    const key = String(countIn(call?.['index']) ?? stringIn(call?.['id']) ?? calls.at(-1)?.key ?? 0)
    let had = calls.find((one) => one.key === key)
    if (had === undefined && calls.length < callLimit) calls.push((had = { key, name: '', args: '' }))
    if (had === undefined) return false
    had.name ||= stringIn(fn['name']) ?? ''
    had.args = (had.args + (stringIn(fn['arguments']) ?? '')).slice(0, argumentLimit)
    return true
  }

  return {
    take(chunk) {
      const counted = usageIn(chunk['usage'])
      usage = counted ?? usage
      const choice = objectIn(listIn(chunk['choices'])[0])
      const delta = objectIn(choice?.['delta']) ?? objectIn(choice?.['message'])
      const thought = stringIn(delta?.['reasoning']) ?? stringIn(delta?.['reasoning_content'])
      const content = stringIn(delta?.['content']) ?? stringIn(delta?.['refusal'])
      if (thought !== undefined) stage.thinking(thought)
      if (content !== undefined) stage.text(content)
      const called = listIn(delta?.['tool_calls']).map(collect).some(Boolean)
      const said = thought !== undefined || content !== undefined || called
      begun ||= said
      const reason = stringIn(choice?.['finish_reason'])
      finish = reason ?? finish
      return said || reason !== undefined || counted !== undefined
    },
    finished: () => finish,
    begun: () => begun,
    conclude() {
      stage.finish()
      for (const { name, args } of calls)
        stage.say({
          type: 'tool',
          tid: newId(),
          name: name.slice(0, 200) || 'unnamed',
          state: 'failed',
          input: parseJson(args) ?? args,
          error: 'The model called a tool, but none was offered to it',
        })
      if (usage !== undefined) stage.say({ type: 'usage', ...usage })
    },
  }
}

/** Why an answer that ended as it should is still not all of one: the turn ends as `limit` or `refused`. */
export const shortfall = (finish: string | undefined): Failure | undefined => {
  if (finish === 'length') return new Failure('output_limit')
  return finish === 'content_filter' ? new Failure('refused') : undefined
}

const usageIn = (value: unknown) => {
  const usage = objectIn(value)
  const input = countIn(usage?.['prompt_tokens'])
  const output = countIn(usage?.['completion_tokens'])
  const cached = countIn(objectIn(usage?.['prompt_tokens_details'])?.['cached_tokens'])
  if (input === undefined || output === undefined) return undefined
  return { input, output, ...(cached !== undefined && { cached }) }
}
