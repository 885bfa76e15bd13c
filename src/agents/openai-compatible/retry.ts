import { type Backoff, backoffDelay } from '../../core/backoff.ts'
import { type Failure, type FailureCode, toFailure } from '../../core/failures.ts'
import type { Env } from '../../core/ports.ts'
import type { Stage } from '../speak.ts'

export interface RetryOptions {
  /** Tries after the first one. */
  readonly retries: number
  /** ms from the first try on, within which the last one must begin. */
  readonly budgetMs: number
}

const backoff: Backoff = { first: 500, base: 500, max: 8000 }
/** ms at most that are added to a Retry-After, so that those who were told the same do not come back together. */
const spread = 250

/** What may be gone a moment later. The rest would only fail again. */
const passing: ReadonlySet<FailureCode> = new Set([
  'upstream_unreachable',
  'upstream_reset',
  'upstream_error',
  'upstream_rate_limited',
  'upstream_overloaded',
])

/**
 * Tries again while nothing has been said [fault 12]. A Retry-After is obeyed or, when it is longer than the budget, the
 * failure is told at once. Every wait is said as a `status` with its length.
 * @param ask asks once; `begun` tells whether any of its answer was said
 */
export const withRetries = async (
  stage: Stage,
  env: Env,
  { retries, budgetMs }: RetryOptions,
  ask: () => { readonly done: Promise<void>; readonly begun: () => boolean },
): Promise<void> => {
  const start = env.monotonic()
  for (let tried = 1; ; tried++) {
    const { done, begun } = ask()
    try {
      await done
      return
    } catch (error) {
      const failure = toFailure(error)
      const wait = delay(failure, tried, env)
      const late = env.monotonic() - start + wait > budgetMs
      if (begun() || stage.signal.aborted || tried > retries || late || !passing.has(failure.code)) throw failure
      const seconds = (wait / 1000).toFixed(1)
      stage.say({
        type: 'status',
        text: `${failure.message.slice(0, 300)}; trying again in ${seconds} s (${tried} of ${retries})`,
        retry_in_ms: wait,
      })
      await stage.sleep(wait)
      stage.say({ type: 'status', text: '' })
    }
  }
}

const delay = (failure: Failure, tried: number, env: Env): number =>
  failure.retryAfterMs === undefined
    ? backoffDelay(tried, env.random(), backoff)
    : failure.retryAfterMs + Math.round(env.random() * spread)
