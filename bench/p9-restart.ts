import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { machineNow } from './clock.ts'
import { type Figure, inTurn, median, quantile, sleep } from './figure.ts'
import { killed, launch, scratchFolder, serve, startCounting, startHoldfast } from './servers/holdfast.ts'
import { answer, ask, start } from './servers/run.ts'
import type { Returned } from './servers/returners.ts'

const sessions = Array.from({ length: 100 }, (_, index) => `s${index}`)
const clients = 1000

/** A data folder as SIGKILL leaves it, with 100 turns that ran. */
const crashed = async (): Promise<string> => {
  const holdfast = await startHoldfast(scratchFolder(), '--port', '0')
  await startCounting(holdfast, sessions, 'count to 1000')
  await sleep(2000)
  await holdfast.kill()
  return holdfast.dir
}

const barely = join(import.meta.dirname, 'servers', 'bare-start.ts')

/** ms from the start of a process on a copy of the crashed folder to its first answer. */
const ready = async (crash: string, args: (dir: string) => readonly string[]): Promise<number> => {
  const dir = scratchFolder()
  cpSync(crash, dir, { recursive: true })
  const start = performance.now()
  const { child, url } = await launch(args(dir))
  try {
    const { status } = await fetch(`${url}/readyz`)
    if (status !== 200) throw new Error(`ready, but ${status}`)
    return performance.now() - start
  } finally {
    await killed(child)
    rmSync(dir, { recursive: true })
  }
}

/** ms from SIGKILL, with a start right after it, until 99 of 100 clients know how the turn ended that they looked at. */
const caughtUp = async (): Promise<number> => {
  const first = await startHoldfast(scratchFolder(), '--port', '0')
  const returners = start('returners.ts')
  try {
    await startCounting(first, sessions, 'count to 10000')
    await ask(returners, { url: first.url, key: first.key, sessions, clients })
    await sleep(1000)
    const coming = answer<Returned>(returners)
    const from = machineNow()
    await first.kill()
    const second = await startHoldfast(first.dir, '--port', new URL(first.url).port)
    try {
      return quantile(
        (await coming).map((at) => at - from),
        0.99,
      )
    } finally {
      await second.kill()
    }
  } finally {
    returners.disconnect()
    await first.kill()
  }
}

/** P9: how long a crash is to be seen. */
export const run = async (): Promise<readonly Figure[]> => {
  const crash = await crashed()
  const found = await inTurn(7, {
    floor: () => ready(crash, (dir) => [barely, join(dir, 'holdfast.db')]),
    ours: () => ready(crash, (dir) => serve(dir, '--port', '0')),
  })
  const { back } = await inTurn(5, { back: caughtUp })
  return [
    {
      id: 'P9',
      name: 'SIGKILL to ready, 100 turns to end',
      unit: 'ms',
      ours: median(found.ours),
      floor: median(found.floor),
      floorName: 'process + open',
      most: 2,
      goal: '≤ 2 × floor',
    },
    {
      id: 'P9',
      name: '1,000 clients caught up after kill -9, p99',
      unit: 'ms',
      ours: median(back),
      floor: 2500,
      floorName: 'the goal',
      most: 1,
      goal: '≤ 2.5 s',
    },
  ]
}
