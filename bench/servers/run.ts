import { type ChildProcess, fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Order, Ready } from './worker.ts'

export interface Crowded {
  readonly order: (order: Order) => Promise<number>
  readonly open: (sockets: number) => Promise<void>
  /** Frames with deltas that have come to all sockets together. */
  readonly frames: () => Promise<number>
  readonly stop: () => void
}

/** A script of this folder in a process of its own, with a channel to it. It ends when the channel does. */
export const start = (name: string, ...flags: readonly string[]): ChildProcess => startWith(name, [], flags)

export const startWith = (name: string, args: readonly string[], flags: readonly string[] = []): ChildProcess =>
  fork(join(import.meta.dirname, name), args, {
    execArgv: [...process.execArgv, ...flags],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // As the program itself starts: with what was compiled before.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
  })

/** The next message of a process. @throws when it ends instead */
export const answer = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`a process of the measurement ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as T)
    })
  })

/** Sends a message and resolves with the next one that comes back. */
export const ask = <T>(child: ChildProcess, message: object): Promise<T> => {
  const come = answer<T>(child)
  child.send(message)
  return come
}

/** A server in one process and its clients in another. */
export const crowded = async (server: 'ours' | 'bare-ws' | 'socketio'): Promise<Crowded> => {
  const child = start(`${server}.ts`, '--expose-gc')
  const ready = await answer<Ready>(child)
  const crowd = start('crowd.ts')
  return {
    order: (order) => ask(child, order),
    open: async (sockets) => void (await ask(crowd, { open: { ready, sockets } })),
    frames: () => ask(crowd, { count: true }),
    stop: () => {
      crowd.disconnect()
      child.disconnect()
    },
  }
}
