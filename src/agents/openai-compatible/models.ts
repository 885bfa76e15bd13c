import { Failure } from '../../core/failures.ts'
import type { Env } from '../../core/ports.ts'
import type { Endpoint } from './endpoint.ts'
import { exchange, readText } from './exchange.ts'
import { listIn, objectIn, parseJson, stringIn } from './read.ts'
import type { Redact } from './redact.ts'
import { failureOfStatus, retryAfterIn } from './upstream-failure.ts'

const cacheMs = 60_000
const answerMs = 10_000
const mostBytes = 4_194_304
const mostModels = 1000

/** `GET /models`, asked at most once a minute. A failure is not kept. */
export const modelList = (endpoint: Endpoint, env: Env, redact: Redact): (() => Promise<readonly string[]>) => {
  let cached: { readonly until: number; readonly list: Promise<readonly string[]> } | undefined
  return () => {
    if (cached !== undefined && cached.until > env.monotonic()) return cached.list
    const list = fetchModels(endpoint, env, redact)
    const mine = { until: env.monotonic() + cacheMs, list }
    cached = mine
    list.catch(() => {
      if (cached === mine) cached = undefined
    })
    return list
  }
}

const fetchModels = async (endpoint: Endpoint, env: Env, redact: Redact): Promise<readonly string[]> => {
  const stop = new AbortController()
  const late = env.after(answerMs, () => stop.abort())
  try {
    const headers = { ...endpoint.headers, accept: 'application/json' }
    const response = await exchange({
      url: endpoint.at('/models'),
      headers,
      signal: stop.signal,
      env,
      connectMs: answerMs,
    })
    const body = parseJson(await readText(response, env, mostBytes, answerMs))
    if (response.statusCode !== 200)
      throw failureOfStatus(response.statusCode ?? 0, body, {
        retryAfterMs: retryAfterIn(response.headers, env.now()),
        redact,
      })
    const data = objectIn(body)?.['data']
    if (!Array.isArray(data)) throw new Failure('upstream_garbage', 'The model server gave no list of models')
    const ids = listIn(data).flatMap((model) => stringIn(objectIn(model)?.['id']) ?? [])
    return ids.filter((id) => id.length <= 200).slice(0, mostModels)
  } catch (error) {
    throw stop.signal.aborted ? new Failure('timeout', 'The model server did not list its models in time') : error
  } finally {
    late()
  }
}
