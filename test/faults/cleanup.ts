import { onTestFailed, onTestFinished } from 'vitest'
import { machine, type Machine, type MachineOptions } from '../tools/process.ts'
import { startProxy, type Proxy } from '../tools/proxy.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Things of the running test, closed when it is over, however it ends; the last opened first. */
export const closing = <T>(thing: T, close: (thing: T) => unknown): T => {
  onTestFinished(async () => void (await close(thing)))
  return thing
}

/** A server in a process of its own, ready. */
export const serve = async (options: MachineOptions = {}): Promise<Machine> => {
  const mine = closing(await machine(options), (one) => one.remove())
  onTestFailed(() => console.log(`the server said: ${mine.errors() || 'nothing'}`))
  await mine.start()
  return mine
}

export const proxyTo = async (server: { readonly port: number }): Promise<Proxy> =>
  closing(await startProxy({ port: server.port }), (one) => one.close())

export const folder = async (): Promise<string> =>
  closing(await mkdtemp(join(tmpdir(), 'holdfast-faults-')), (path) => rm(path, { recursive: true, force: true }))

/** The seed of a run: a new one each time, or the one that shall be run again. It is always printed. */
export const seedOf = (title: string): number => {
  const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
  console.log(`${title}: seed ${seed} (HOLDFAST_TEST_SEED=${seed} runs it again)`)
  return seed
}
