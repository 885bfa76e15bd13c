import { Worker } from 'node:worker_threads'
import { Failure } from '../../core/failures.ts'
import type { FromReader, FromWriter, Job, Result, ToReader, ToWriter, WriterData } from './messages.ts'
import type { Plain, WriteTable } from './operations.ts'
import type { ReadTable } from './queries.ts'
import { JournalRefused, type RefusalReason } from './refused.ts'

/** Built code has another ending than the source. */
const entry = (name: string): URL =>
  new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** Calls that wait for their result. After `fail` every call ends with that error. */
const calls = () => {
  const waiting = new Map<number, { resolve(value: Plain): void; reject(error: unknown): void }>()
  let next = 0
  let failed: Error | undefined
  return {
    add: (send: (id: number) => void): Promise<Plain> =>
      new Promise((resolve, reject) => {
        if (failed !== undefined) return reject(failed)
        const id = ++next
        waiting.set(id, { resolve, reject })
        send(id)
      }),
    settle: (result: Result): void => {
      const call = waiting.get(result.id)
      waiting.delete(result.id)
      if ('value' in result) call?.resolve(result.value)
      else call?.reject(new Failure(result.failed[0], result.failed[1]))
    },
    fail: (error: Error): void => {
      failed = error
      for (const { reject } of waiting.values()) reject(error)
      waiting.clear()
    },
  }
}

export interface WriteOptions {
  /** Does not wait for company. Default true. */
  readonly urgent?: boolean
  /** Bytes it takes in the queue. */
  readonly bytes?: number
}

/** The writing thread. @throws JournalRefused */
export const writerThread = async (data: WriterData, onFatal: (error: Error) => void) => {
  const worker = new Worker(entry('writer'), { workerData: data })
  const { add, settle, fail } = calls()
  let outbox: Job[] = []
  const send = (message: ToWriter) => worker.postMessage(message)
  const flush = () => {
    const jobs = outbox
    outbox = []
    send({ jobs })
  }
  const closed = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const opened = await new Promise<{ epoch: number; notices: readonly string[] }>((resolve, reject) => {
    const die = (error: Error) => {
      reject(error)
      fail(new Failure('internal', undefined, { cause: error }))
      onFatal(error)
    }
    worker.on('error', die)
    worker.on('message', (message: FromWriter) => {
      if ('results' in message) for (const result of message.results) settle(result)
      else if ('ready' in message) resolve(message.ready)
      else if ('refused' in message) reject(refusal(message.refused))
      else if ('fatal' in message)
        die(new Error(`The disk did not take what was written (SQLite ${message.fatal[0]}: ${message.fatal[1]})`))
      else fail(new Failure('draining'))
    })
  }).catch(async (error: unknown) => {
    await worker.terminate()
    throw error
  })
  return {
    ...opened,
    /** Resolves when the operation is durable. @throws Failure */
    write: <K extends keyof WriteTable>(
      name: K,
      args: Parameters<WriteTable[K]>,
      options: WriteOptions = {},
    ): Promise<Plain> =>
      add((id) => {
        if (outbox.push({ id, name, args, urgent: options.urgent ?? true, bytes: options.bytes ?? 0 }) === 1)
          queueMicrotask(flush)
      }),
    backup: async (path: string): Promise<void> => {
      await add((id) => send({ backup: path, id }))
    },
    close: async (): Promise<void> => {
      if (outbox.length > 0) flush()
      send({ close: true })
      await closed
    },
  }
}

const refusal = ([name, reason, message]: readonly [string, string, string]): Error =>
  name === 'JournalRefused' ? new JournalRefused(reason as RefusalReason, message) : new Error(message)

/** The reading thread. */
export const readerThread = (file: string, onFatal: (error: Error) => void) => {
  const worker = new Worker(entry('reader'))
  const { add, settle, fail } = calls()
  const send = (message: ToReader) => worker.postMessage(message)
  const closed = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const opened = new Promise<void>((resolve, reject) => {
    worker.on('error', (error: Error) => {
      reject(error)
      fail(new Failure('internal', undefined, { cause: error }))
      onFatal(error)
    })
    worker.on('message', (message: FromReader) => {
      if ('result' in message) settle(message.result)
      else if ('opened' in message) resolve()
      else fail(new Failure('draining'))
    })
  })
  opened.catch(() => {})
  return {
    /** Opens the file, which must exist by then. */
    open: (): Promise<void> => {
      send({ open: file })
      return opened
    },
    ask: <K extends keyof ReadTable>(name: K, ...args: Parameters<ReadTable[K]>): Promise<Plain> =>
      add((id) => send({ ask: { id, name, args } })),
    close: async (): Promise<void> => {
      send({ close: true })
      await closed
    },
  }
}
