import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Order, Told } from './crowd-main.ts'
import { closing } from '../tools/closing.ts'

export interface Crowd {
  /** Resolves when it is done, with how things are then. */
  readonly order: (order: Order) => Promise<Told>
}

/** A process full of clients. @param before what comes before `node` */
export const crowd = (before: readonly string[]): Crowd => {
  const [file, ...args] = [...before, process.execPath, fileURLToPath(new URL('crowd-main.ts', import.meta.url))]
  const child = closing(spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }), (one) =>
    one.kill('SIGKILL'),
  )
  return {
    order: async (order) => {
      const answer = once(child, 'message')
      child.send(order)
      return (await answer)[0] as Told
    },
  }
}
