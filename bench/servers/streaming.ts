import { machineNow } from '../clock.ts'
import { sleep } from '../figure.ts'
import { createMetronome } from './metronome.ts'
import { whole } from './whole.ts'
import type { Viewed } from './viewers.ts'

/** Says so many deltas in all sessions together, open loop, each with the time at which it was said. */
export interface Stream {
  readonly perSecond: number
  readonly seconds: number
}

const sessions = Array.from({ length: 50 }, (_, index) => `s${index}`)
const metronome = createMetronome()
const { gateway, port, headers } = await whole([metronome.agent])
for (const session of sessions) await metronome.begin(gateway, session)

process.on('message', ({ perSecond, seconds }: Stream) => {
  void (async () => {
    const total = perSecond * seconds
    const start = machineNow()
    for (let sent = 0; sent < total;) {
      const due = Math.min(total, Math.floor(((machineNow() - start) / 1000) * perSecond))
      for (; sent < due; sent++) metronome.beat(sessions[sent % sessions.length] ?? '', `${machineNow().toFixed(3)} `)
      await sleep(1)
    }
    process.send?.(total)
  })()
})
process.on('disconnect', () => process.exit())
process.send?.({ url: `ws://127.0.0.1:${port}/v1/socket`, headers, sessions } satisfies Viewed)
