import { cpuMicros, type Figure, inTurn, median, sleep } from './figure.ts'
import { appended } from './p4-append.ts'
import { cpuOf, hasProc, residentOf, withoutProc } from './proc.ts'
import { scratchFolder, socketUrl, startCounting, startHoldfast } from './servers/holdfast.ts'
import { ask, crowded, start } from './servers/run.ts'
import type { ViewersReport } from './servers/viewers.ts'

const count = 100
const sessions = Array.from({ length: count }, (_, index) => `s${index}`)
/** Gathered by the agent for 40 ms, 50 tokens a second are so many events and frames a second; fewer on a machine that lags. */
const perSession = 25
const seconds = 4

/** CPU of the whole server process for one event, µs; and what a session adds to its memory, kB. */
const whole = async (memory: number[]): Promise<number> => {
  const holdfast = await startHoldfast(scratchFolder(), '--port', '0', '--demo-pace-ms', '20')
  const viewers = start('viewers.ts')
  try {
    await sleep(1000)
    const before = residentOf(holdfast.pid)
    await startCounting(holdfast, sessions, 'count to 1000')
    const headers = { authorization: `Bearer ${holdfast.key}` }
    await ask(viewers, { open: { url: socketUrl(holdfast), headers, sessions } })
    await sleep(2000)
    await ask<ViewersReport>(viewers, { report: true })
    const cpu = cpuOf(holdfast.pid)
    await sleep(seconds * 1000)
    const used = cpuOf(holdfast.pid) - cpu
    const { events } = await ask<ViewersReport>(viewers, { report: true })
    memory.push((residentOf(holdfast.pid) - before) / count / 1000)
    return used / events
  } finally {
    viewers.disconnect()
    await holdfast.kill()
  }
}

/** P4's load of as many events in as many sessions: CPU for one, µs. */
const appending = async (): Promise<number> => {
  const before = cpuMicros()
  const { length } = await appended({ sessions: count, perSecond: count * perSession, seconds })
  return (cpuMicros() - before) / length
}

/** P6's load of as many deliveries to as many sockets: CPU for one, µs. */
const fanning = async (): Promise<number> => {
  const world = await crowded('ours')
  try {
    await world.open(count)
    await sleep(500)
    const cpu = await world.order({ do: 'emit', count: perSession * seconds, everyMs: 1000 / perSession })
    return cpu / (await world.frames())
  } finally {
    world.stop()
  }
}

/** P10: everything at once, beside the sum of its two halves. */
export const run = async (): Promise<readonly Figure[]> => {
  if (!hasProc) return withoutProc('P10')
  const memory: number[] = []
  const found = await inTurn(5, { appending, fanning, whole: () => whole(memory) })
  return [
    {
      id: 'P10',
      name: '100 sessions × 50 tokens/s, a viewer each: CPU of the whole process for an event',
      unit: 'µs',
      ours: median(found.whole),
      floor: median(found.appending) + median(found.fanning),
      floorName: `append ${median(found.appending).toFixed(0)} + fan-out ${median(found.fanning).toFixed(0)}`,
      most: 1.5,
      goal: '≤ 1.5 × their sum',
    },
    {
      id: 'P10',
      name: 'memory per streaming session',
      unit: 'kB',
      ours: median(memory),
      floor: 1000,
      floorName: 'the goal',
      most: 1,
      goal: '< 1 MB',
    },
  ]
}
