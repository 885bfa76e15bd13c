import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { demoAgent } from '../src/agents/demo/demo-agent.ts'
import { textOf } from '../src/core/session.ts'
import { systemEnv as env } from '../src/env.ts'
import { type Figure, sleep } from './figure.ts'
import { hasProc, withoutProc, writtenBy } from './proc.ts'
import { until, withFolder, withGateway } from './scratch.ts'
import { scratchFolder, socketUrl, startCounting, startHoldfast } from './servers/holdfast.ts'
import { ask, start } from './servers/run.ts'
import type { ViewersReport } from './servers/viewers.ts'

const sessions = Array.from({ length: 100 }, (_, index) => `s${index}`)
/** Long enough for checkpoints, which come every 16 MiB of log, to count with their share. */
const seconds = 60

/** Bytes that an event costs the disk while 100 sessions stream 50 tokens a second. */
const written = async (): Promise<number> => {
  const holdfast = await startHoldfast(scratchFolder(), '--port', '0', '--demo-pace-ms', '20')
  const viewers = start('viewers.ts')
  try {
    await startCounting(holdfast, sessions, 'count to 4000')
    const headers = { authorization: `Bearer ${holdfast.key}` }
    await ask(viewers, { open: { url: socketUrl(holdfast), headers, sessions } })
    await sleep(2000)
    await ask<ViewersReport>(viewers, { report: true })
    const before = writtenBy(holdfast.pid)
    await sleep(seconds * 1000)
    const { events } = await ask<ViewersReport>(viewers, { report: true })
    return (writtenBy(holdfast.pid) - before) / events
  } finally {
    viewers.disconnect()
    await holdfast.kill()
  }
}

/** What is left of 20 sessions with 20 turns each when their events have been folded: bytes, and the bytes of their text. */
const kept = (): Promise<{ readonly bytes: number; readonly text: number }> =>
  withFolder(async (dir) => {
    const file = join(dir, 'journal.db')
    const names = Array.from({ length: 20 }, (_, index) => `s${index}`)
    let text = 0
    await withGateway({ agents: [demoAgent({ env, pace: 0 })], file }, async (gateway) => {
      const by = 'user:bench'
      for (const session of names) await gateway.say({ id: 'make', session, by, type: 'create', data: {} })
      for (let turn = 0; turn < 20; turn++) {
        await Promise.all(
          names.map((session, index) =>
            gateway.say({
              id: `turn-${turn}`,
              session,
              by,
              type: 'prompt',
              data: {
                text: `Now write slow ${200 + turn * index} at 100000/s words, please, and mind what was said in ${turn}.`,
              },
            }),
          ),
        )
        await until(() => gateway.running() === 0)
      }
      for (const session of names)
        for (const item of (await gateway.state(session)).items)
          if (item.kind === 'message') text += Buffer.byteLength(textOf(item.parts))
      await gateway.trim(env.now() + 1000)
    })
    return { bytes: usedBytes(file), text }
  })

/** Bytes of the pages in use; free ones are used again before the file grows. */
const usedBytes = (file: string): number => {
  const db = new DatabaseSync(file)
  const pragma = (name: string): number => Number(Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0])
  const free = pragma('freelist_count') * pragma('page_size')
  db.close()
  return statSync(file).size - free
}

/** P12: what an event costs the disk when it is written, and what stays of it. */
export const run = async (): Promise<readonly Figure[]> => {
  const { bytes, text } = await kept()
  const after: Figure = {
    id: 'P12',
    name: 'bytes kept after retention: stored state and searchable messages',
    unit: 'kB',
    ours: bytes / 1000,
    floor: (2 * text) / 1000,
    floorName: 'text + messages',
    most: 1.5,
    goal: '≤ 1.5 × floor',
  }
  if (!hasProc) return [...withoutProc('P12'), after]
  const ours = await written()
  return [
    {
      id: 'P12',
      name: 'bytes written to disk per event, 100 sessions × 50 tokens/s',
      unit: 'B',
      ours,
      floor: 500,
      floorName: 'the goal',
      most: 1,
      goal: '≤ 500 B',
    },
    after,
  ]
}
