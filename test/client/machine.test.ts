import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newWorld, type Planted } from './model-world.ts'

const schedule = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.double({ min: 0, max: 0.999, noNaN: true })),
  { minLength: 20, maxLength: 250, size: 'max' },
)

const run = (moves: readonly (readonly [number, number])[], planted?: Planted): string[] => {
  const world = newWorld(planted)
  for (const [choice, random] of moves) world.move(choice, random)
  world.heal()
  return world.complaints()
}

describe('the machine against a model server, in a network that cuts, delays and refuses', () => {
  test('[W3] [W9] [W10] [E2] [E3] [S6] every command once and in order, every event once and in order, the fold is the log', () => {
    fc.assert(
      fc.property(schedule, (moves) => {
        expect(run(moves)).toEqual([])
      }),
      { numRuns: 700 },
    )
  })

  test('[W9] the moves reach what they are about: resends, refusals, several connections', () => {
    const worlds = fc.sample(schedule, { numRuns: 100, seed: 7 }).map((moves) => {
      const world = newWorld()
      for (const [choice, random] of moves) world.move(choice, random)
      const conns = world.machine().link.conns
      const tries = Math.max(0, ...world.machine().outbox.map((slot) => slot.tries))
      world.heal()
      return { conns, tries, sent: world.sent(), log: world.log.length }
    })
    expect(Math.max(...worlds.map(({ conns }) => conns))).toBeGreaterThan(3)
    expect(Math.max(...worlds.map(({ tries }) => tries))).toBeGreaterThan(1)
    expect(Math.max(...worlds.map(({ log }) => log))).toBeGreaterThan(20)
  })

  test.each<[string, Planted]>([
    ['a server that runs a command again', { noDedupe: true }],
    ['a server that leaves events out', { skips: true }],
  ])('control: %s is found', (_name, planted) => {
    const found = fc.sample(schedule, { numRuns: 300, seed: 11 }).some((moves) => run(moves, planted).length > 0)
    expect(found).toBe(true)
  })

  test('[E3] frames that come twice change nothing', () => {
    fc.assert(
      fc.property(schedule, (moves) => {
        expect(run(moves, { doubles: true })).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})
