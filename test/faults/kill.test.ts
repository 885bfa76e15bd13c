import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { demoText } from '../../src/agents/demo/demo-agent.ts'
import { verifyJournal } from '../../src/journals/sqlite/verify.ts'
import { seeded } from '../tools/seeded.ts'
import { until } from '../tools/until.ts'
import { becomeCalm } from './calm.ts'
import { check } from './checker.ts'
import { newSession, readLog, readState } from '../tools/http.ts'
import { player, type Player } from './player.ts'
import { texts } from './texts.ts'
import { closing, folder } from '../tools/closing.ts'
import { proxyTo, seedOf, serve } from './set-up.ts'

const cycles = Number(process.env['HOLDFAST_TEST_CYCLES'] ?? 20)

const middle = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0

/** ms that this machine takes at this moment to start a program that does nothing. */
const startNothing = async (): Promise<number> => {
  const begun = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return performance.now() - begun
}

test(
  `[I1] [I2] [I3] [I4] [I5] fault 1: kill -9 while streaming, ${cycles} times, with cuts, half-open sockets and reloads`,
  { timeout: 60_000 + cycles * 10_000 },
  async () => {
    const random = seeded(seedOf('fault 1'))
    const below = (most: number): number => Math.floor(random() * most)
    const server = await serve({ flags: ['--connections-per-key', '1000'] })
    const session = await newSession(server)
    const key = server.key()
    const three = await Promise.all(
      (['websocket', 'sse', 'websocket'] as const).map(async (rung, index) => {
        const proxy = await proxyTo(server)
        const url = `http://127.0.0.1:${proxy.port}`
        const mine = player({ name: `client ${index}`, url, key, session, folder: await folder(), transports: [rung] })
        return { proxy, player: closing(mine, (one) => one.stop()) }
      }),
    )
    const players: readonly Player[] = three.map((one) => one.player)
    const down: number[] = []
    const slower: number[] = []
    const snapshots = []

    const disturb = ({ proxy, player: mine }: (typeof three)[number]): void => {
      const what = below(6)
      if (what === 0) proxy.cut()
      if (what === 1) proxy.halfOpen()
      if (what === 2) mine.reload()
      if (what === 3) proxy.cutAfter('down', below(2000))
      if (what === 4) proxy.cutAfter('up', below(400))
    }
    for (let cycle = 0; cycle < cycles; cycle++) {
      const { queue } = await readState(server, session)
      if (queue.length < 3) players[below(3)]?.say(`count to ${1000 + cycle} at 1000/s`)
      const at = Math.max(...players.map((one) => one.seen()))
      const more = below(8)
      await until(() => players.some((one) => one.seen() > at + more), 'the answer streaming')
      for (const one of three) disturb(one)
      if (below(2) === 0) players[below(3)]?.say(`count to ${cycle + 10} at 500/s`)
      snapshots.push(await readState(server, session))
      await new Promise((resolve) => setTimeout(resolve, below(100)))
      const begun = performance.now()
      await server.kill()
      await server.start()
      const ms = performance.now() - begun
      down.push(ms)
      slower.push(ms / (await startNothing()))
    }
    for (const { proxy } of three) proxy.heal()
    const calm = await becomeCalm(server, session, players)
    // What the disk says, to a process that has nothing in memory.
    await server.kill()
    await server.start()
    const log = await readLog(server, session)
    const copies = players.flatMap((one) => one.copies())
    const said = players.flatMap((one) => one.said())
    console.log(
      `fault 1: ${cycles} kills, down ${middle(down).toFixed(0)} ms (median, ${middle(slower).toFixed(0)} times an empty program), ${log.length} events, ${copies.length} copies, ${said.length} prompts, calm after ${calm.ms?.toFixed(0)} ms`,
    )
    // Within a second, where an empty program takes 40 ms; a busy machine takes longer for both.
    expect(middle(slower)).toBeLessThan(25)
    expect(check({ log, copies, said, calm, snapshots })).toEqual([])
    expect(verifyJournal(join(server.data, 'holdfast.db')).problems).toEqual([])
    // Every answer is what the agent says to that prompt, or a beginning of it.
    for (const { prompt, text, outcome } of texts(log)) {
      const whole = demoText(prompt)
      expect(outcome === 'complete' ? text : whole.slice(0, text.length)).toBe(outcome === 'complete' ? whole : text)
    }
  },
)
