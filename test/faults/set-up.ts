import { onTestFailed } from 'vitest'
import { closing } from '../tools/closing.ts'
import { machine, type Machine, type MachineOptions } from '../tools/process.ts'
import { startProxy, type Proxy } from '../tools/proxy.ts'

/** A server in a process of its own, ready. */
export const serve = async (options: MachineOptions = {}): Promise<Machine> => {
  const mine = closing(await machine(options), (one) => one.remove())
  onTestFailed(() => console.log(`the server said: ${mine.errors() || 'nothing'}`))
  await mine.start()
  return mine
}

export const proxyTo = async (server: { readonly port: number }): Promise<Proxy> =>
  closing(await startProxy({ port: server.port }), (one) => one.close())

/** The seed of a run: a new one each time, or the one that shall be run again. It is always printed. */
export const seedOf = (title: string): number => {
  const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
  console.log(`${title}: seed ${seed} (HOLDFAST_TEST_SEED=${seed} runs it again)`)
  return seed
}
