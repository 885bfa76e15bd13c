import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { emptySession } from '../src/core/session.ts'
import { systemEnv as env } from '../src/env.ts'
import { own } from '../src/gateway/owner.ts'
import { type Figure, inTurn, median, quantile, sleep } from './figure.ts'
import { delta, withFolder, withJournal } from './scratch.ts'

export interface Load {
  readonly sessions: number
  readonly perSecond: number
  readonly seconds: number
}
const load: Load = { sessions: 50, perSecond: 5000, seconds: 2 }

/** Events at a steady rate, open loop: what each waits from the writer to durable, in ms. */
export const appended = ({ sessions, perSecond, seconds }: Load = load): Promise<readonly number[]> =>
  withJournal(async (journal) => {
    const leases = await Promise.all(
      Array.from({ length: sessions }, (_, i) =>
        journal.claim(`s${i}`, { node: 'bench', at: env.now(), create: true }),
      ),
    )
    const owners = leases.map((lease) => own(journal, lease, emptySession, () => undefined))
    const waits: number[] = []
    const writes: Promise<unknown>[] = []
    const start = performance.now()
    for (let sent = 0; sent < perSecond * seconds;) {
      const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - start) / 1000) * perSecond))
      for (; sent < due; sent++) {
        const came = performance.now()
        const said = [delta(Math.floor(sent / sessions) * 7)]
        const write = owners[sent % sessions]?.write(() => ({ said }))
        writes.push(Promise.resolve(write).then(() => waits.push(performance.now() - came)))
      }
      await sleep(1)
    }
    await Promise.all(writes)
    return waits
  })

/** One write and fsync of what a commit of that load holds: 5 events. In ms. */
const floor = (): Promise<readonly number[]> =>
  withFolder(async (dir) => {
    const file = openSync(join(dir, 'floor'), 'w')
    const bytes = Buffer.alloc(5 * 160, 'x')
    const waits: number[] = []
    for (let i = 0; i < 400; i++) {
      const start = performance.now()
      writeSync(file, bytes)
      fsyncSync(file)
      waits.push(performance.now() - start)
      await sleep(1)
    }
    closeSync(file)
    return waits
  })

/** P4: append → durable at 5,000 events/s with synchronous=FULL, beside one fsync of the same bytes. */
export const run = async (): Promise<readonly Figure[]> => {
  const tail: Record<'ours' | 'floor', number[]> = { ours: [], floor: [] }
  const keep =
    (name: 'ours' | 'floor') =>
    (waits: readonly number[]): number => {
      tail[name].push(quantile(waits, 0.99))
      return median(waits)
    }
  const half = await inTurn(5, { floor: () => floor().then(keep('floor')), ours: () => appended().then(keep('ours')) })
  const common = { id: 'P4', unit: 'ms', floorName: 'write + fsync' }
  return [
    {
      ...common,
      name: 'append to durable, 5,000 events/s, p50',
      ours: median(half.ours),
      floor: median(half.floor),
      most: 3,
      goal: '≤ 3 × floor',
    },
    {
      ...common,
      name: 'append to durable, 5,000 events/s, p99',
      ours: median(tail.ours),
      floor: median(tail.floor),
      most: 10,
      goal: '≤ 10 × floor',
    },
  ]
}
