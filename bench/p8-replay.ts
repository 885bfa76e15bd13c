import type { ChildProcess } from 'node:child_process'
import { type Figure, inTurn, median } from './figure.ts'
import { readBare, readSocket, readStream } from './read.ts'
import type { Replayable } from './servers/replaying.ts'
import { answer, ask, start, startWith } from './servers/run.ts'

const events = 10_000
const times = 10

interface Replay {
  /** Of the serving process, all its threads. */
  readonly cpu: number
  /** From the connection to the last byte. */
  readonly wall: number
}

/** ms of one replay: CPU of the server as a mean of some, the time as their median. */
const measured = async (server: ChildProcess, replay: () => Promise<number>): Promise<Replay> => {
  const found: number[] = []
  const before = await ask<number>(server, {})
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    const count = await replay()
    found.push(performance.now() - start)
    if (count < events) throw new Error(`only ${count} events came`)
  }
  return { cpu: ((await ask<number>(server, {})) - before) / 1000 / times, wall: median(found) }
}

/** P8: 10,000 events from the disk to a reader that has none. */
export const run = async (): Promise<readonly Figure[]> => {
  const ours = start('replaying.ts')
  const { port, key, file, all, halves } = await answer<Replayable>(ours)
  const bare = startWith('bare-replay.ts', [file])
  const barePort = await answer<number>(bare)
  const peer = start('durable-streams.ts')
  const peerPort = await answer<number>(peer)
  const headers = { authorization: `Bearer ${key}` }
  const ways = {
    floor: () => measured(bare, () => readBare(barePort, all)),
    http: () => measured(ours, () => readStream({ port, path: `/v1/sessions/${all}/events`, headers })),
    socket: () => measured(ours, () => readSocket({ port, path: '', headers }, halves)),
    peer: () => measured(peer, () => readStream({ port: peerPort, path: '/all' })),
  }
  const walls: Record<keyof typeof ways, number[]> = { floor: [], http: [], socket: [], peer: [] }
  const keep = (way: keyof typeof ways) => async (): Promise<number> => {
    const { cpu, wall } = await ways[way]()
    walls[way].push(wall)
    return cpu
  }
  try {
    for (const way of Object.values(ways)) await way()
    const cpus = await inTurn(7, {
      floor: keep('floor'),
      http: keep('http'),
      socket: keep('socket'),
      peer: keep('peer'),
    })
    const common = { id: 'P8', unit: 'ms', floorName: 'rows to a bare socket', peerName: 'Durable Streams server' }
    const figure = (name: string, way: 'http' | 'socket', values: typeof walls, judged: boolean): Figure => ({
      ...common,
      name,
      ours: median(values[way]),
      floor: median(values.floor),
      peer: median(values.peer),
      ...(judged ? { most: 2, goal: '≤ 2 × floor, < peer' } : { goal: 'shown' }),
    })
    return [
      figure('replay of 10,000 events over HTTP, CPU of the server', 'http', cpus, true),
      figure('replay of 2 × 5,000 events on a socket, CPU of the server', 'socket', cpus, true),
      figure('replay over HTTP, connection to last byte', 'http', walls, false),
      figure('replay on a socket, connection to last byte', 'socket', walls, false),
    ]
  } finally {
    for (const child of [ours, bare, peer]) child.disconnect()
  }
}
