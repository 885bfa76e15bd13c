import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { backupJournal } from './backup.ts'
import { commitWindow } from './window.ts'
import { groupCommit } from './group-commit.ts'
import { openWriter } from './open-writer.ts'
import type { FromWriter, Job, ToWriter, WriterData } from './messages.ts'
import { codeOf, isFatal, storageFailure } from './storage-failure.ts'
import { workerPort } from './worker-port.ts'

/**
 * The thread that owns the only writing connection. What came while a commit ran is the next commit; under load the
 * streamed rows among it wait for company (see window.ts), what a person waits for does not.
 */
const port = workerPort()
const data = workerData as WriterData
const tell = (message: FromWriter) => port.postMessage(message)

const opened = (() => {
  try {
    return openWriter(data)
  } catch (error) {
    tell({
      refused:
        error instanceof Error
          ? [error.name, 'reason' in error ? String(error.reason) : '', error.message]
          : ['Error', '', String(error)],
    })
    return undefined
  }
})()
if (opened !== undefined) run(opened)

function run({ db, epoch, notices, close }: ReturnType<typeof openWriter>): void {
  const commit = groupCommit(db, data)
  const window = commitWindow(data.window)
  let queue: Job[] = []
  let scheduled: { readonly at: number; cancel(): void } | undefined
  let idle: NodeJS.Timeout | undefined
  let fatal = false
  let copying = 0
  let copied = Promise.resolve()
  tell({ ready: { epoch, notices } })

  const take = (message: ToWriter) => {
    if ('jobs' in message) queue.push(...message.jobs)
    else if ('backup' in message) copied = backup(message.id, message.backup, copied)
    else void finish()
  }
  const schedule = () => {
    if (queue.length === 0 || fatal || copying > 0) return
    const wait = queue.some((job) => job.urgent) ? 0 : window.wait()
    const at = performance.now() + wait
    if (scheduled !== undefined && scheduled.at <= at) return
    scheduled?.cancel()
    if (wait < 1) {
      const immediate = setImmediate(work)
      scheduled = { at, cancel: () => clearImmediate(immediate) }
    } else {
      const timer = setTimeout(work, wait)
      scheduled = { at, cancel: () => clearTimeout(timer) }
    }
  }
  const drain = () => {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
      take(next.message as ToWriter)
  }
  const work = () => {
    scheduled = undefined
    drain()
    if (queue.length === 0 || fatal) return
    const jobs = queue
    queue = []
    const streamed = jobs.filter((job) => !job.urgent)
    window.note(
      performance.now(),
      streamed.map(({ args }) => String(args[0])),
      streamed.reduce((sum, job) => sum + job.bytes, 0),
    )
    try {
      tell({ results: commit.group(jobs) })
      commit.checkpoint()
      clearTimeout(idle)
      idle = setTimeout(rest, 1000)
    } catch (error) {
      die(error, jobs)
    }
    drain()
    schedule()
  }
  /** Nothing happens: a good time to put things in their place, so that a restart has nothing to do. */
  const rest = () => {
    try {
      commit.settle()
    } catch (error) {
      if (isFatal(error)) die(error, [])
    }
  }
  const die = (error: unknown, jobs: readonly Job[]) => {
    fatal = true
    const { code, message } = storageFailure(error, data.file)
    tell({ results: [...jobs, ...queue].map(({ id }) => ({ id, failed: [code, message] })) })
    queue = []
    tell({ fatal: [codeOf(error), error instanceof Error ? error.message : String(error)] })
  }
  /** While it runs, groups are committed between its steps only. */
  const backup = async (id: number, path: string, before: Promise<void>) => {
    copying++
    await before
    try {
      await backupJournal(db, path, work)
      tell({ results: [{ id, value: null }] })
    } catch (error) {
      const { code } = storageFailure(error, path)
      const reason = error instanceof Error ? error.message : String(error)
      tell({ results: [{ id, failed: [code, `The backup failed: ${reason}`] }] })
    }
    copying--
    schedule()
  }
  const finish = async () => {
    await copied
    work()
    clearTimeout(idle)
    if (!fatal) rest()
    close()
    tell({ closed: true })
    port.close()
  }
  port.on('message', (message: ToWriter) => {
    take(message)
    schedule()
  })
}
