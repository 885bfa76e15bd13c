import type { ServerResponse } from 'node:http'
import type { LiveOptions } from './source.ts'

/** How a wait ended: something may be new, the time is over, or nobody waits any more. */
export type Waited = 'woken' | 'late' | 'gone'

/**
 * One reader's place at a log. It keeps nothing but "something happened since you last looked", so a slow reader costs a
 * flag and not a queue. Subscribe, then read, then wait: what is committed in between is not missed.
 */
export interface Waiter {
  wait(ms: number): Promise<Waited>
  /** True as soon as the reader has gone or the server stops. */
  gone(): boolean
  end(): void
}

export const createWaiter = (
  watch: (wake: () => void) => () => void,
  res: ServerResponse,
  { env, stopping }: LiveOptions,
): Waiter => {
  let woken = false
  let gone = res.destroyed || stopping?.aborted === true
  let settle: ((how: Waited) => void) | undefined
  const wake = (): void => {
    woken = true
    settle?.('woken')
  }
  const leave = (): void => {
    gone = true
    settle?.('gone')
  }
  const unwatch = watch(wake)
  res.once('close', leave)
  stopping?.addEventListener('abort', leave, { once: true })
  return {
    gone: () => gone,
    wait: async (ms) => {
      if (gone) return 'gone'
      const how = woken
        ? 'woken'
        : await new Promise<Waited>((resolve) => {
            const cancel = env.after(Math.max(0, ms), () => resolve('late'))
            settle = (ended) => {
              cancel()
              resolve(ended)
            }
          })
      settle = undefined
      if (how === 'woken') woken = false
      return how
    },
    end: () => {
      unwatch()
      res.off('close', leave)
      stopping?.removeEventListener('abort', leave)
    },
  }
}

/** Writes, and waits until the reader has room for more. False when it has gone or takes nothing for too long. */
export const writeSlowly = (
  res: ServerResponse,
  text: string,
  { env, stallMs = 60_000 }: LiveOptions,
): Promise<boolean> =>
  new Promise((resolve) => {
    if (res.destroyed) resolve(false)
    else if (res.write(text)) resolve(true)
    else {
      const settle = (ok: boolean) => () => {
        cancel()
        res.off('drain', drained).off('close', closed)
        if (!ok) res.destroy()
        resolve(ok)
      }
      const drained = settle(true)
      const closed = settle(false)
      const cancel = env.after(stallMs, closed)
      res.once('drain', drained).once('close', closed)
    }
  })
