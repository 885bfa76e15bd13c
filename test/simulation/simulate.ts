import { memoryStore } from '../../src/journals/memory.ts'
import { interrupting } from './acts.ts'
import { createArchive } from './archive.ts'
import type { Plant } from './bugs.ts'
import { checkCommands, createCommands } from './commands.ts'
import { goOn, heal, rest, restore } from './healing.ts'
import { createRandom } from './random.ts'
import { createScene } from './scene.ts'
import { drawScript } from './script.ts'
import { createScheduler } from './scheduler.ts'
import { createTrace } from './trace.ts'
import { checkCalm, checkFolds, checkReaders, missing, patience } from './verdict.ts'
import { drawUsual, type Invariant, type Knobs, spawner, type World } from './world.ts'

export interface Violation {
  readonly invariant: Invariant
  readonly message: string
  /** Virtual ms. */
  readonly at: number
}

/** What a schedule came to. The same seed and plant always give the same. */
export interface Outcome {
  readonly seed: number
  /** Of everything that happened, in its order. */
  readonly hash: string
  readonly events: number
  /** What happened, and how often. */
  readonly counts: Readonly<Record<string, number>>
  readonly violation: Violation | undefined
}

export interface SimulateOptions {
  readonly plant?: Plant
  readonly line?: (text: string) => void
}

/** ms within which everybody must have everything once the faults are over [I5]. */
const convergence = 10_000

/** Runs one schedule: faults drawn from the seed, then a healing phase, then the invariants. */
export const simulate = async (
  seed: number,
  { plant = { breaks: [] }, line }: SimulateOptions = {},
): Promise<Outcome> => {
  const chance = createRandom(seed)
  const plan = chance.fork()
  const scheduler = createScheduler()
  const tracing = createTrace(line)
  const counts: Record<string, number> = {}
  let violation: Violation | undefined
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1)
  const trace = (kind: string, who: string, text = ''): void => tracing.add(scheduler.now(), kind, who, text)
  const violated = (invariant: Invariant, message: string): void => {
    trace('VIOLATED', `${invariant}: ${message}`)
    violation ??= { invariant, message, at: scheduler.now() }
  }
  const store = memoryStore({ monotonic: scheduler.now })
  const archive = createArchive(store, violated)
  const usual = drawUsual(chance)
  const knobs: Knobs = { ...usual, deaf: 0, wake: 0, full: false, healed: false }
  const random = chance.fork()
  const world: World = {
    scheduler,
    random,
    store,
    archive,
    commands: createCommands(archive, violated),
    knobs,
    usual,
    crowding: chance.pick([1, 1, 1, 100]),
    plant,
    violated,
    trace,
    count,
    spawn: spawner(scheduler, chance, tracing),
  }
  const stray = (error: unknown): void =>
    violated('bug', error instanceof Error ? (error.stack ?? error.message) : String(error))
  const run = (until: number, done = (): boolean => false): Promise<void> =>
    scheduler.run(until, archive.sync, () => violation !== undefined || done())

  process.on('unhandledRejection', stray)
  try {
    const scene = createScene(world, chance.fork())
    const length = plan.between(800, 4000)
    for (const [i, device] of scene.devices.entries())
      scheduler.after(i === 0 ? 0 : plan.between(0, Math.min(1000, length)), () => {
        const page = scene.open(device)
        if (i === 0) scene.begin(page, chance)
      })
    const script = drawScript(plan, length)
    for (const { at, name, act } of script)
      scheduler.after(at, () => {
        trace('act', name)
        count(name)
        act(scene)
      })
    await run(length)

    trace('heal', '')
    heal(scene)
    // A program that was told to end takes its time.
    await run(length + 3000, scene.cluster.whole)
    goOn(scene)
    await run(scheduler.now() + convergence, () => missing(scene) === undefined)
    // Who was told that a queue is full may wait longer than that by itself.
    if (violation === undefined) await run(patience(scene), () => missing(scene) === undefined)
    const lacks = missing(scene)
    if (lacks !== undefined) violated('I5', `${convergence} ms after the faults, ${lacks}`)
    if (violation === undefined) await restore(scene, run)
    if (violation === undefined) {
      checkReaders(scene)
      checkCommands(world.commands, archive, violated)
      const calm = script.every(({ name }) => !interrupting.includes(name))
      for (const log of archive.logs.values()) {
        if (calm) checkCalm(log, violated)
        log.turns.rest(log.state())
        checkFolds(log, random, violated)
      }
    }
    if (violation === undefined && random.chance(0.4)) await rest(scene, run)
  } catch (error) {
    stray(error)
  } finally {
    process.off('unhandledRejection', stray)
  }
  return { seed, hash: tracing.hash(), events: scheduler.executed(), counts, violation }
}
