import { type Figure, inTurn, median } from './figure.ts'
import { modelled } from './model-load.ts'

/**
 * P2, as far as there is a wire for it: an agent in front of a model server, durable and shown on a socket, beside
 * node:http that passes the same stream on. The peers of the goal speak chat completions to their clients.
 */
export const run = async (): Promise<readonly Figure[]> => {
  const world = await modelled()
  try {
    await world.ours()
    const found = await inTurn(5, {
      floor: () => world.bare().then(({ cpu }) => cpu),
      ours: () => world.ours().then(({ cpu }) => cpu),
    })
    return [
      {
        id: 'P2',
        name: 'agent to a model server, 32 streams at 5 ms: CPU per delta of the model',
        unit: 'µs',
        ours: median(found.ours),
        floor: median(found.floor),
        floorName: 'node:http pass-through, no log',
        most: 2,
        goal: '≤ 2 × floor',
      },
    ]
  } finally {
    world.stop()
  }
}
