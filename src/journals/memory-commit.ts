import type { Env } from '../core/ports.ts'

export interface CommitTimes {
  readonly env: Env
  readonly commitDelay?: () => number
  readonly ackDelay?: () => number
}

interface Job {
  /** Changes the store; throws when it must not. Runs at the instant of the commit. */
  readonly run: () => void
  /** Tells the caller how it ended. Runs when the node learns of the commit. */
  readonly settle: () => void
}

/**
 * Group commit in virtual time: what came while a commit ran is the next one. `stop` is a crash: jobs that were not
 * in the store never will be, and nobody is told anything any more.
 */
export const groupCommit = ({ env, commitDelay = () => 0, ackDelay = () => 0 }: CommitTimes) => {
  let queue: Job[] = []
  let running = false
  let stopped = false
  let idle: (() => void)[] = []

  const start = () => {
    const jobs = queue
    queue = []
    running = jobs.length > 0
    if (!running) {
      for (const done of idle) done()
      idle = []
      return
    }
    env.after(commitDelay(), () => {
      if (stopped) return
      for (const job of jobs) job.run()
      const delay = ackDelay()
      if (delay > 0) env.after(delay, () => acknowledge(jobs))
      else acknowledge(jobs)
    })
  }
  const acknowledge = (jobs: readonly Job[]) => {
    if (stopped) return
    for (const job of jobs) job.settle()
    start()
  }

  return {
    /** Resolves with what `after` made of what `work` returned, in the order of commits; rejects with what either threw. */
    commit: <T, R>(work: () => T, after: (result: T) => R): Promise<R> =>
      new Promise((resolve, reject) => {
        let settle = () => {}
        const run = () => {
          try {
            const result = work()
            settle = () => attempt(() => resolve(after(result)), reject)
          } catch (error) {
            settle = () => reject(error)
          }
        }
        queue.push({ run, settle: () => settle() })
        if (!running && !stopped) start()
      }),
    stop: () => {
      stopped = true
    },
    /** Resolves when nothing waits to be committed. */
    drained: (): Promise<void> => new Promise((resolve) => (running ? idle.push(resolve) : resolve())),
  }
}

const attempt = (call: () => void, failed: (error: unknown) => void): void => {
  try {
    call()
  } catch (error) {
    failed(error)
  }
}
