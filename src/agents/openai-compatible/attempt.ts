import { Failure, toFailure } from '../../core/failures.ts'
import type { Env } from '../../core/ports.ts'
import type { Stage } from '../speak.ts'
import type { Answer } from './chunks.ts'
import type { Endpoint } from './endpoint.ts'
import { exchange, readText } from './exchange.ts'
import { listIn, objectIn, parseJson } from './read.ts'
import type { Redact } from './redact.ts'
import { readStream } from './stream.ts'
import { errorIn, failureOfEvent, failureOfStatus, retryAfterIn } from './upstream-failure.ts'
import { watchdog } from './watchdog.ts'

/** All in ms. */
export interface Limits {
  readonly connectMs: number
  readonly firstTokenMs: number
  readonly idleMs: number
  readonly patienceMs: number
}
export interface Try {
  readonly endpoint: Endpoint
  readonly body: string
  readonly stage: Stage
  readonly answer: Answer
  readonly env: Env
  readonly redact: Redact
  readonly limits: Limits
}

/** An error body at most, and the time it gets. */
const errorBytes = 65_536
const errorMs = 5000
/** A completion that came whole although a stream was asked for, at most. */
const wholeBytes = 8_388_608
/** ms that usage may come after the last word. */
const graceMs = 5000

/**
 * Asks the model once. Returns when the answer is whole.
 * @throws Failure, always of a kind that says what the model server did
 */
export const attempt = async (asked: Try): Promise<void> => {
  const { endpoint, body, stage, answer, env, redact, limits } = asked
  const stop = new AbortController()
  let verdict: Failure | undefined
  const dog = watchdog(env, limits.firstTokenMs, (ms) => {
    if (answer.finished() === undefined)
      verdict = new Failure('timeout', `The model server sent nothing for ${ms / 1000} s`)
    stop.abort()
  })
  const abort = (): void => stop.abort()
  stage.signal.addEventListener('abort', abort)
  const patience = wait(asked)
  const moved = (): void => {
    patience()
    dog.moved(answer.finished() === undefined ? limits.idleMs : graceMs)
  }
  try {
    if (stage.signal.aborted) stop.abort()
    const headers = { ...endpoint.headers, accept: 'text/event-stream' }
    const url = endpoint.at('/chat/completions')
    const response = await exchange({ url, headers, body, signal: stop.signal, env, connectMs: limits.connectMs })
    const status = response.statusCode ?? 0
    if (status !== 200) {
      const error = parseJson(await readText(response, env, errorBytes, errorMs))
      throw failureOfStatus(status, error, { retryAfterMs: retryAfterIn(response.headers, env.now()), redact })
    }
    const kind = (response.headers['content-type'] ?? 'text/event-stream').split(';', 1)[0]?.trim().toLowerCase()
    if (kind === 'application/json') {
      takeWhole(await readText(response, env, wholeBytes, limits.firstTokenMs), asked)
      moved()
    } else if (kind === 'text/event-stream' || kind === 'text/plain' || kind === 'application/octet-stream')
      await readStream({ response, answer, stage, dog, env, redact, moved })
    else {
      response.destroy()
      throw new Failure('upstream_garbage', 'The model server answered with something that is not a stream of events')
    }
  } catch (error) {
    throw verdict ?? toFailure(error)
  } finally {
    patience()
    dog.stop()
    stage.signal.removeEventListener('abort', abort)
  }
}

/** Some servers do not stream: they answer whole. */
const takeWhole = (text: string, { answer, redact }: Try): void => {
  const whole = objectIn(parseJson(text))
  const error = errorIn(whole)
  if (error !== undefined) throw failureOfEvent(error, redact)
  if (whole === undefined || objectIn(listIn(whole['choices'])[0]) === undefined) throw new Failure('upstream_garbage')
  answer.take(whole)
}

/** Tells a person who sees nothing for a while that a model may be loading; the returned function takes it back. */
const wait = ({ stage, env, limits }: Try): (() => void) => {
  let told = false
  const cancel = env.after(limits.patienceMs, () => {
    told = true
    stage.say({ type: 'status', text: 'waiting for the model, which may still be loading' })
  })
  return () => {
    cancel()
    if (told) stage.say({ type: 'status', text: '' })
    told = false
  }
}
