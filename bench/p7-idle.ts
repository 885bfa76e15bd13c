import { type Figure, inTurn, median, sleep } from './figure.ts'
import { crowded } from './servers/run.ts'

const sockets = 10_000

/** Resident bytes that one idle connection costs. */
const perSocket = async (server: Parameters<typeof crowded>[0], idle: number[] = []): Promise<number> => {
  const world = await crowded(server)
  try {
    const before = await world.order({ do: 'rss' })
    idle.push(before / 1e6)
    await world.open(sockets)
    await sleep(1000)
    return ((await world.order({ do: 'rss' })) - before) / sockets / 1000
  } finally {
    world.stop()
  }
}

/** P7: what 10,000 connections that do nothing cost, and what the server weighs without any. */
export const run = async (): Promise<readonly Figure[]> => {
  const idle: number[] = []
  const found = await inTurn(3, {
    floor: () => perSocket('bare-ws'),
    ours: () => perSocket('ours', idle),
    peer: () => perSocket('socketio'),
  })
  return [
    {
      id: 'P7',
      name: 'memory per idle connection at 10,000',
      unit: 'kB',
      ours: median(found.ours),
      floor: median(found.floor),
      floorName: 'bare ws',
      peer: median(found.peer),
      peerName: 'socket.io',
      most: 1.3,
      goal: '≤ 1.3 × floor, < peer',
    },
    {
      id: 'P7',
      name: 'resident memory, idle',
      unit: 'MB',
      ours: median(idle),
      floor: 110,
      floorName: 'the goal',
      most: 1,
      goal: '≤ 110 MB',
    },
  ]
}
