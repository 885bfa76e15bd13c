import { type Figure, inTurn, median } from './figure.ts'
import { readBare, readSocket, readStream } from './read.ts'
import type { Replayable } from './servers/replaying.ts'
import { answer, start, startWith } from './servers/run.ts'

const events = 10_000
const times = 10

/** ms of one replay: the median of some. */
const timed = async (replay: () => Promise<number>): Promise<number> => {
  const found: number[] = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    const count = await replay()
    found.push(performance.now() - start)
    if (count < events) throw new Error(`only ${count} events came`)
  }
  return median(found)
}

/** P8: 10,000 events from the disk to a reader that has none, from the connection to the last byte. */
export const run = async (): Promise<readonly Figure[]> => {
  const ours = start('replaying.ts')
  const { port, key, file, all, halves } = await answer<Replayable>(ours)
  const bare = startWith('bare-replay.ts', [file])
  const barePort = await answer<number>(bare)
  const peer = start('durable-streams.ts')
  const peerPort = await answer<number>(peer)
  try {
    const headers = { authorization: `Bearer ${key}` }
    const found = await inTurn(7, {
      floor: () => timed(() => readBare(barePort, all)),
      http: () => timed(() => readStream({ port, path: `/v1/sessions/${all}/events`, headers })),
      socket: () => timed(() => readSocket({ port, path: '', headers }, halves)),
      peer: () => timed(() => readStream({ port: peerPort, path: '/all' })),
    })
    const common = {
      id: 'P8',
      unit: 'ms',
      floor: median(found.floor),
      floorName: 'rows to bare socket',
      peer: median(found.peer),
      peerName: 'Durable Streams server',
      most: 2,
      goal: '≤ 2 × floor, < peer',
    }
    return [
      { ...common, name: 'replay of 10,000 events over HTTP', ours: median(found.http) },
      { ...common, name: 'replay of 2 × 5,000 events on a socket', ours: median(found.socket) },
    ]
  } finally {
    for (const child of [ours, bare, peer]) child.disconnect()
  }
}
