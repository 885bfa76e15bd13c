import { type Figure, inTurn, median, quantile } from './figure.ts'
import { modelled } from './model-load.ts'

/**
 * P3, as far as there is a wire for it: what an agent in front of a model server adds to the first word, with the prompt
 * and the word on the disk before anybody is told.
 */
export const run = async (): Promise<readonly Figure[]> => {
  const world = await modelled()
  const firsts: Record<'direct' | 'bare' | 'ours', number[]> = { direct: [], bare: [], ours: [] }
  const keep =
    (name: keyof typeof firsts) =>
    (first: readonly number[]): number => {
      firsts[name].push(...first)
      return median(first)
    }
  try {
    await world.ours()
    await inTurn(5, {
      direct: () => world.direct().then(keep('direct')),
      bare: () => world.bare().then(({ first }) => keep('bare')(first)),
      ours: () => world.ours().then(({ first }) => keep('ours')(first)),
    })
    const added = (name: 'bare' | 'ours', q: number): number => quantile(firsts[name], q) - quantile(firsts.direct, q)
    return [0.5, 0.9].map((q) => ({
      id: 'P3',
      name: `agent to a model server, 32 streams: added to the first word, p${q * 100}`,
      unit: 'ms',
      ours: added('ours', q),
      floor: added('bare', q),
      floorName: 'node:http pass-through',
      judged: added('ours', q),
      ...(q === 0.5 ? { most: 3, goal: '≤ 3 ms' } : { goal: 'shown' }),
    }))
  } finally {
    world.stop()
  }
}
