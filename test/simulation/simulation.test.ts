import { describe, expect, it } from 'vitest'
import { type Bug, bugs } from './bugs.ts'
import { explain, many } from './many.ts'
import { simulate } from './simulate.ts'

/** Seeds that CI runs; at a desk fewer, since they are run often. More by hand: `npm run sim -- --seeds 1000000`. */
const seeds = process.env['CI'] === undefined ? 4000 : 20_000

/** Seeds that once broke an invariant, and what was wrong. They are run with every change. */
const pinned: readonly (readonly [seed: number, what: string])[] = [
  [254, 'a cancel of a turn that is being cancelled made a commit of no events, and the log lost its head'],
  [281, 'a turn whose end met a close in one batch was run twice'],
  [14, 'an answer that another node refused was never answered'],
  [23, 'a node that had stepped down waited for itself to answer a command'],
  [916, 'a turn that began during a drain was ended without a word'],
  [1659, 'a reader on another node missed a commit whose wake-up was lost'],
]

describe('the simulation', () => {
  it('one seed run twice gives the same trace', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const [first, second] = [await simulate(seed), await simulate(seed)]
      expect(second).toEqual(first)
      expect(first.events).toBeGreaterThan(20)
    }
    expect((await simulate(1)).hash).not.toBe((await simulate(2)).hash)
  })

  it.each(pinned)('seed %i stays repaired: %s', async (seed) => {
    const outcome = await simulate(seed)
    expect(outcome.violation && explain(outcome)).toBeUndefined()
  })

  /** Seeds within which each planted bug must be found: several times what it took. */
  const within = 3000
  it.each(Object.keys(bugs) as Bug[])(
    'finds the planted bug: %s',
    async (bug) => {
      const { failed } = await many({ from: 1, seeds: within, bug, once: true })
      expect(failed.length).toBeGreaterThan(0)
      for (const outcome of failed) expect(bugs[bug].breaks).toContain(outcome.violation?.invariant)
    },
    240_000,
  )

  it(
    `[I1] [I2] [I3] [I4] [I5] [I6] [I7] [I8] [I9] hold in ${seeds} schedules with faults`,
    { timeout: 900_000 },
    async () => {
      const { failed, counts, ms } = await many({ from: 1, seeds })
      console.log(`${seeds} schedules, ${Math.round((seeds / ms) * 1000)}/s`)
      expect(failed.map((outcome) => explain(outcome)).join('\n')).toBe('')
      // None of it was idle: everything that may happen did.
      for (const what of expected) expect(counts[what] ?? 0, what).toBeGreaterThan(seeds / 400)
    },
  )
})

const expected = (
  'crash, drain, pause, clock jump, slow commits, disk full, late wake-ups, slow network, cut, half open, slow reader, ' +
  'sleep, offline, trim, reload, second page, follow, unfollow, close, cancel, update, model: reset, model: stall, ' +
  'model: deaf, model: unreachable, model: bug, model: mute, model: resumed, model: steered, model: asks, ' +
  'ask: answered, ask: expired, ask: cancelled, refused: storage_full, refused: conflict, ' +
  'refused: already_resolved, refused: session_closed, ack, ack again, snapshot, trimmed, trimmed at rest'
).split(', ')
