import { type Figure, inTurn, median, sleep } from './figure.ts'
import { crowded } from './servers/run.ts'

const count = 60
const everyMs = 50

/** CPU of the server for one delta to one socket, in µs. */
const perDelta = async (server: Parameters<typeof crowded>[0], sockets: number): Promise<number> => {
  const world = await crowded(server)
  try {
    await world.open(sockets)
    await sleep(500)
    const cpu = await world.order({ do: 'emit', count, everyMs })
    const frames = await world.frames()
    // On a machine that lags a commit holds two deltas now and then, and a frame with both counts once.
    if (frames < count * sockets * 0.5) throw new Error(`${server}: ${frames} of ${count * sockets} frames came`)
    return cpu / frames
  } finally {
    world.stop()
  }
}

/** P6: one session to many sockets, durable, beside `ws` alone and socket.io. */
export const run = async (): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  for (const sockets of [100, 1000]) {
    const found = await inTurn(5, {
      floor: () => perDelta('bare-ws', sockets),
      ours: () => perDelta('ours', sockets),
      peer: () => perDelta('socketio', sockets),
    })
    figures.push({
      id: 'P6',
      name: `fan-out to ${sockets.toLocaleString('en')} sockets, CPU per delivered delta`,
      unit: 'µs',
      ours: median(found.ours),
      floor: median(found.floor),
      floorName: 'bare ws',
      peer: median(found.peer),
      peerName: 'socket.io',
      most: 1.3,
      goal: '≤ 1.3 × floor, < peer',
    })
  }
  return figures
}
