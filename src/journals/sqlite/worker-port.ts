import { parentPort, type MessagePort } from 'node:worker_threads'

/** The way to the thread that started this one. */
export const workerPort = (): MessagePort => {
  if (parentPort === null) throw new Error('This file is a worker: openSqliteJournal starts it')
  return parentPort
}
