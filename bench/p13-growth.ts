import { join } from 'node:path'
import type { Agent } from '../src/core/ports.ts'
import { systemEnv as env } from '../src/env.ts'
import type { Gateway } from '../src/gateway/gateway.ts'
import { load } from '../src/gateway/load.ts'
import { type Figure, inTurn, median } from './figure.ts'
import { delta, until, withFolder, withGateway } from './scratch.ts'

const sessions = 500
const turns = 30
const times = 30
const by = 'user:bench'

/** Says thirty deltas and ends. */
const reciter: Agent = {
  name: 'reciter',
  title: 'reciter',
  steers: false,
  resumes: () => false,
  models: async () => [],
  run: async function* (turn) {
    const mid = turn.newId()
    for (let i = 0; i < 30; i++) yield { type: 'text', mid, part: 0, offset: i * 7, delta: 'a word ' }
  },
}

const create = (gateway: Gateway, session: string): Promise<unknown> =>
  gateway.say({ id: 'make', session, by, type: 'create', data: {} })
let prompts = 0
const ask = (gateway: Gateway, session: string): Promise<unknown> =>
  gateway.say({ id: `prompt-${++prompts}`, session, by, type: 'prompt', data: { text: 'And what then?' } })

/** A journal with `factor` times the sessions, and one session `long` with as many times the history. */
const fill = async (gateway: Gateway, factor: number): Promise<void> => {
  for (let made = 0; made < sessions * factor; made += 100)
    await Promise.all(Array.from({ length: 100 }, (_, index) => create(gateway, `s${made + index}`)))
  await create(gateway, 'long')
  for (let turn = 0; turn < turns * factor; turn++) {
    await ask(gateway, 'long')
    await until(() => gateway.running() === 0)
  }
}

/** ms: the median of some. */
const timed = async (work: (index: number) => Promise<unknown>): Promise<number> => {
  const found: number[] = []
  for (let i = 0; i < times; i++) {
    const begun = performance.now()
    await work(i)
    found.push(performance.now() - begun)
  }
  return median(found)
}

let round = 0
/** Each thing that must not grow, or only as what it reads does. */
const things: Readonly<Record<string, (gateway: Gateway) => Promise<number>>> = {
  'session creation, 10 × sessions': (gateway) => {
    round++
    return timed((index) => create(gateway, `new-${round}-${index}`))
  },
  'list page, 10 × sessions': (gateway) => timed(() => gateway.journal.list({ limit: 100, by })),
  'prompt accepted, 10 × history': async (gateway) => {
    const found: number[] = []
    for (let i = 0; i < 10; i++) {
      const begun = performance.now()
      await ask(gateway, 'long')
      found.push(performance.now() - begun)
      await until(() => gateway.running() === 0)
    }
    return median(found)
  },
  'live view of a session, 10 × history': (gateway) => timed(() => gateway.state('long')),
  'snapshot folded from the log, 10 × history': (gateway) => timed(() => load(gateway.journal, 'long')),
  'replay, 10 × events': (gateway) =>
    timed(async () => {
      for (let after = 0; ;) {
        const { batches, head } = await gateway.journal.read('long', after)
        after = batches.at(-1)?.last ?? head
        if (after >= head) return
      }
    }),
  // Last, because it takes the session over.
  'append, 10 × events before it': async (gateway) => {
    const lease = await gateway.journal.claim('long', { node: 'bench', at: env.now() })
    return timed(() => gateway.journal.append(lease, [delta(0)]))
  },
}
/** What reads all of a history can only be linear in it. */
const linear = new Set(['snapshot folded from the log, 10 × history', 'replay, 10 × events'])

/** P13: everything again with ten times as much there. */
export const run = (): Promise<readonly Figure[]> =>
  withFolder((dir) =>
    withGateway({ agents: [reciter], file: join(dir, 'one.db') }, (one) =>
      withGateway({ agents: [reciter], file: join(dir, 'ten.db') }, async (ten) => {
        await fill(one, 1)
        await fill(ten, 10)
        const figures: Figure[] = []
        for (const [name, thing] of Object.entries(things)) {
          const found = await inTurn(5, { one: () => thing(one), ten: () => thing(ten) })
          figures.push({
            id: 'P13',
            name,
            unit: 'ms',
            ours: median(found.ten),
            floor: median(found.one),
            floorName: 'a tenth of it',
            ...(linear.has(name) ? { most: 13, goal: '≤ 13: linear' } : { most: 1.3, goal: '≤ 1.3: flat' }),
          })
        }
        return figures
      }),
    ),
  )
