import { Failure } from '../../core/failures.ts'
import type { Agent, Env } from '../../core/ports.ts'
import type { CoalesceOptions } from '../coalesce.ts'
import { speak } from '../speak.ts'
import { attempt, type Limits } from './attempt.ts'
import { createAnswer, shortfall } from './chunks.ts'
import { conversationOf } from './conversation.ts'
import { endpoint } from './endpoint.ts'
import { modelList } from './models.ts'
import { createRedact } from './redact.ts'
import { withRetries } from './retry.ts'

export interface OpenAiCompatibleOptions extends CoalesceOptions, Partial<Limits> {
  readonly env: Env
  /** Where `/chat/completions` and `/models` are, for example `http://127.0.0.1:1234/v1`. */
  readonly baseUrl: string
  /** Sent to the origin of `baseUrl` and nowhere else. */
  readonly key?: string
  /** The models that are offered; the first one is the default. Default: what the server lists. */
  readonly models?: readonly string[]
  /** The agent's name. Default `openai-compatible`. */
  readonly name?: string
  /** For people. Default: the host of `baseUrl`. */
  readonly title?: string
  /** ms for the connection to stand. Default 10,000. */
  readonly connectMs?: number
  /** ms until the first token. Default 300,000: a local model may have to be loaded. */
  readonly firstTokenMs?: number
  /** ms between two tokens. Default 60,000. Keepalives do not count. */
  readonly idleMs?: number
  /** ms without a token after which a person is told that the model may be loading. Default 3,000. */
  readonly patienceMs?: number
  /** Tries after the first one, while nothing was said. Default 3. */
  readonly retries?: number
  /** ms from the first try on, within which the last one must begin. Default 60,000. */
  readonly budgetMs?: number
}

/**
 * Any server with OpenAI's chat completions: LM Studio, Ollama, vLLM, OpenAI, a gateway.
 * @throws Failure `invalid_request` when the base URL or the key cannot be one
 */
export const openAiCompatible = (options: OpenAiCompatibleOptions): Agent => {
  const { env, baseUrl, key, models, name = 'openai-compatible', retries = 3, budgetMs = 60_000 } = options
  const { connectMs = 10_000, firstTokenMs = 300_000, idleMs = 60_000, patienceMs = 3000 } = options
  const limits = { connectMs, firstTokenMs, idleMs, patienceMs }
  const server = endpoint(baseUrl, key)
  const redact = createRedact(key)
  const listed = modelList(server, env, redact)

  const modelFor = async (asked: string): Promise<string> => {
    const model = asked === '' ? (models?.[0] ?? (await listed())[0]) : asked
    if (model === undefined) throw new Failure('model_not_found', 'The model server offers no model')
    return model
  }

  return {
    name,
    title: options.title ?? server.at('').host,
    steers: false,
    resumes: () => false,
    models: () => (models === undefined ? listed() : Promise.resolve(models)),
    run: (turn) =>
      speak(
        turn,
        env,
        async (stage) => {
          const body = JSON.stringify({
            model: await modelFor(turn.model),
            messages: conversationOf(turn),
            stream: true,
            stream_options: { include_usage: true },
          })
          let finish: string | undefined
          await withRetries(stage, env, { retries, budgetMs }, () => {
            const answer = createAnswer(stage, turn.newId)
            const done = attempt({ endpoint: server, body, stage, answer, env, redact, limits })
            const conclude = (): void => {
              answer.conclude()
              finish = answer.finished()
            }
            return { done: done.finally(conclude), begun: answer.begun }
          })
          const short = shortfall(finish)
          if (short !== undefined) throw short
        },
        options,
      ),
  }
}
