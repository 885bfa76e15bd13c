import { answer, ask, startWith, start } from './servers/run.ts'
import type { Listen, Listened } from './servers/listeners.ts'
import type { Ready } from './servers/worker.ts'

/** 32 streams of so many words, one each 5 ms. */
export const streams = 32
const words = 300
const everyMs = 5
export const deltas = streams * words

export interface Heard {
  /** ms to each stream's first word */
  readonly first: readonly number[]
  /** CPU of what stands between, for one delta of the model, in µs */
  readonly cpu: number
}

/** A model server in one process, clients in another, and what stands between them in a third. */
export const modelled = async () => {
  const model = startWith('fake-model.ts', [String(words), String(everyMs)])
  const port = await answer<number>(model)
  const ours = startWith('modelled.ts', [String(port)])
  const at = await answer<Pick<Ready, 'port' | 'headers'>>(ours)
  const bare = startWith('pass-through.ts', [String(port)])
  const passing = await answer<Pick<Ready, 'port' | 'headers'>>(bare)
  const listeners = start('listeners.ts')
  const listen = (order: Omit<Listen, 'streams'>): Promise<Listened> => ask(listeners, { ...order, streams })

  const through = async (between: typeof ours, order: Omit<Listen, 'streams'>): Promise<Heard> => {
    const before = await ask<number>(between, {})
    const first = await listen(order)
    return { first, cpu: ((await ask<number>(between, {})) - before) / deltas }
  }
  return {
    direct: () => listen({ wire: 'completions', port, headers: {} }),
    bare: () => through(bare, { wire: 'completions', ...passing }),
    ours: () => through(ours, { wire: 'sessions', ...at }),
    stop: () => {
      for (const child of [listeners, ours, bare, model]) child.disconnect()
    },
  }
}
