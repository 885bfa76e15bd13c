import { systemEnv as env } from '../../src/env.ts'
import { delta } from '../scratch.ts'
import { serveCpu } from './cpu.ts'
import { whole } from './whole.ts'

/** What can be replayed, and from where. */
export interface Replayable {
  readonly port: number
  readonly key: string
  readonly file: string
  /** One session with all events, and two with half of them each. */
  readonly all: string
  readonly halves: readonly string[]
}

/** Ours with 10,000 events of one commit each. A socket gives the state from 5,000 behind on, so there are halves too. */
const events = 10_000
const { gateway, port, headers, file } = await whole([
  {
    name: 'mute',
    title: 'mute',
    steers: false,
    resumes: () => false,
    models: async () => [],
    run: async function* () {},
  },
])
const { journal } = gateway

const fill = async (session: string, count: number): Promise<void> => {
  await gateway.say({ id: 'make', session, by: 'user:owner', type: 'create', data: {} })
  const lease = await journal.claim(session, { node: 'bench', at: env.now() })
  while (lease.head < count) await journal.append(lease, [delta((lease.head - 3) * 7)])
}
// Side by side, so that a session's rows lie between those of others, as they do on a real disk.
await Promise.all([fill('all', events), fill('half-1', events / 2), fill('half-2', events / 2)])
const key = (headers['authorization'] ?? '').replace('Bearer ', '')
// The journal puts its rows in their place when nothing has happened for a second.
setTimeout(() => serveCpu({ port, key, file, all: 'all', halves: ['half-1', 'half-2'] } satisfies Replayable), 1500)
