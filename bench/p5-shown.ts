import { type Figure, inTurn, median, sleep } from './figure.ts'
import { appended } from './p4-append.ts'
import { answer, ask, start } from './servers/run.ts'
import type { Stream } from './servers/streaming.ts'
import type { Viewed, ViewersReport } from './servers/viewers.ts'

const stream: Stream = { perSecond: 5000, seconds: 2 }

/** ms from an agent's word to another process that shows it: 5,000 a second in 50 sessions with a viewer each, p50. */
const shown = async (): Promise<number> => {
  const server = start('streaming.ts')
  const viewers = start('viewers.ts')
  try {
    const open = await answer<Viewed>(server)
    await ask(viewers, { open, coalesceMs: 0 })
    const said = await ask<number>(server, stream)
    await sleep(500)
    const { waits } = await ask<ViewersReport>(viewers, { report: true })
    if (waits.length < said * 0.99) throw new Error(`${waits.length} of ${said} deltas came`)
    return median(waits)
  } finally {
    viewers.disconnect()
    server.disconnect()
  }
}

/** P5: what the way to another socket adds to becoming durable. */
export const run = async (): Promise<readonly Figure[]> => {
  const found = await inTurn(5, { durable: () => appended().then(median), shown })
  const ours = median(found.shown)
  const floor = median(found.durable)
  return [
    {
      id: 'P5',
      name: 'append to shown on another socket, 5,000 events/s, p50',
      unit: 'ms',
      ours,
      floor,
      floorName: 'append to durable',
      most: 1,
      judged: ours - floor,
      goal: '≤ floor + 1 ms',
    },
  ]
}
