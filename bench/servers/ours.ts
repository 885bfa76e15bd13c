import { createMetronome } from './metronome.ts'
import { whole } from './whole.ts'
import { obey, text } from './worker.ts'

/** Ours, whole: the edge, the gateway, a turn that streams, the journal with FULL. */
const metronome = createMetronome()
const { gateway, port, headers } = await whole([metronome.agent])
await metronome.begin(gateway, 's')
obey(
  {
    port,
    path: '/v1/socket',
    headers,
    hello: ['{"t":"hello","v":1,"window":0}', '{"t":"sub","id":"1","session":"s","from":"now"}'],
  },
  () => metronome.beat('s', text),
)
