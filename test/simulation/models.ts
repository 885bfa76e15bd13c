import type { SaidByAgent } from '../../src/core/events.ts'
import { Failure } from '../../src/core/failures.ts'
import type { Agent, Turn } from '../../src/core/ports.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

/** Who was run, on all nodes together: no attempt of a turn may be run twice [I4]. */
export interface Runs {
  readonly started: (turn: Turn) => void
  /** Whether an error is one that a model threw on purpose. */
  readonly planned: (error: unknown) => boolean
  readonly plan: (message: string) => Error
}

export const createRuns = ({ archive, violated }: Pick<World, 'archive' | 'violated'>): Runs => {
  const runs = new Set<string>()
  const thrown = new WeakSet<Error>()
  return {
    started: ({ id, attempt, session }) => {
      const run = `${id} ${attempt}`
      if (runs.has(run)) violated('I4', `attempt ${attempt} of ${id} was run twice`)
      runs.add(run)
      archive.sync()
      const log = archive.logs.get(session.id)?.events ?? []
      if (!log.some((event) => event.type === 'turn.started' && event.turn === id && event.attempt === attempt))
        violated('I4', `${id} was run before the start of attempt ${attempt} was durable`)
    },
    planned: (error) => error instanceof Error && thrown.has(error),
    plan: (message) => {
      const error = new Error(message)
      thrown.add(error)
      return error
    },
  }
}

const words = ['alpha ', 'beta\n', 'gamma 𝄞 ', '"delta" ', 'ε', 'zeta. ', '🙂 '] as const

/** Time that a program lets pass; it ends early when the signal aborts, unless there is none. */
const sleep = ({ env }: Process, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const cancel = env.after(ms, resolve)
    signal?.addEventListener('abort', () => {
      cancel()
      resolve()
    })
  })

type Moods = 'well' | 'unreachable' | 'reset' | 'stall' | 'deaf' | 'bug' | 'mute'
const moods: readonly [Moods, ...Moods[]] = [
  'well',
  'well',
  'well',
  'well',
  'well',
  'unreachable',
  'reset',
  'stall',
  'deaf',
  'bug',
  'mute',
]

/** A model that streams, asks, calls tools, breaks off, stalls and does not listen, as chance will have it. */
const model = (
  world: World,
  process: Process,
  runs: Runs,
  name: string,
  can: { readonly resumes: boolean; readonly steers: boolean },
): Agent => {
  const { random, knobs, count } = world

  const speak = async function* (turn: Turn): AsyncGenerator<SaidByAgent> {
    runs.started(turn)
    const mood = knobs.healed ? 'well' : random.pick(moods)
    count(`model: ${mood}`)
    const wait = (ms: number): Promise<void> =>
      sleep(process, random.between(0, knobs.healed ? 20 : ms), mood === 'deaf' ? undefined : turn.signal)
    await wait(200)
    if (mood === 'unreachable') throw new Failure('upstream_unreachable')
    if (mood === 'mute') return
    const before = turn.session.items.findLast(
      (item) => item.turn === turn.id && item.kind === 'message' && item.role === 'assistant' && !item.final,
    )
    const old = before?.kind === 'message' ? before.parts[0] : undefined
    const mid = before?.id ?? turn.newId()
    let text = old !== undefined && 'text' in old ? old.text : ''
    if (before !== undefined) count('model: resumed')
    const steered: string[] = []
    if (can.steers) void listen(turn, steered)
    const length = knobs.healed ? 2 : random.between(1, 6)
    const special = random.between(0, length * 3)
    for (let i = 0; i < length; i++) {
      const delta = steered.shift() ?? random.pick(words)
      yield { type: 'text', mid, part: 0, offset: text.length, delta }
      text += delta
      await wait(random.chance(0.7) ? 60 : 500)
      if (knobs.healed) continue
      if (i === special) yield* tool(turn, wait)
      if (i === special - 1) yield* ask(turn)
      if (mood === 'reset' && i === length - 1) throw new Failure('upstream_reset')
      if (mood === 'bug' && i === length - 1) throw runs.plan('a bug of the model')
    }
    if (mood === 'stall') {
      await sleep(process, 2500, turn.signal)
      throw new Failure('timeout')
    }
    if (mood === 'deaf') await sleep(process, 1500)
    if (random.chance(0.8))
      yield { type: 'message', mid, role: 'assistant', parts: [{ type: 'text', text }], final: true }
    if (random.chance(0.5)) yield { type: 'usage', input: 3, output: text.length }
    if (random.chance(0.3)) yield { type: 'note', data: { last: turn.id } }
  }

  /** Takes what people say meanwhile, as far as it gets to it. */
  const listen = async ({ steering }: Turn, steered: string[]): Promise<void> => {
    for await (const { text } of steering) {
      count('model: steered')
      steered.push(`(${text}) `)
    }
  }

  const tool = async function* (turn: Turn, wait: (ms: number) => Promise<void>): AsyncGenerator<SaidByAgent> {
    const tid = turn.newId()
    yield { type: 'tool', tid, name: 'shell', state: 'running', input: { command: 'ls' } }
    yield { type: 'tool.output', tid, offset: 0, delta: 'a.txt\n' }
    await wait(100)
    if (random.chance(0.8)) yield { type: 'tool', tid, name: 'shell', state: 'completed', output: 1 }
  }

  const ask = async function* (turn: Turn): AsyncGenerator<SaidByAgent> {
    count('model: asks')
    const answer = await turn.ask({
      kind: 'permission',
      subject: { title: `may I, ${turn.id}?` },
      options: [
        { id: 'yes', label: 'yes', kind: 'allow_once' },
        { id: 'no', label: 'no', kind: 'deny' },
      ],
      ...(random.chance(0.5) && { timeout: random.between(100, 1500) }),
    })
    count(`ask: ${answer.outcome}`)
    yield { type: 'log', level: 'info', text: `the answer: ${answer.outcome} ${answer.option ?? ''}` }
  }

  return {
    name,
    title: name,
    steers: can.steers,
    resumes: () => can.resumes,
    models: async () => [],
    run: speak,
  }
}

export const agentNames = ['plain', 'resumer', 'steerer'] as const

export const models = (world: World, process: Process, runs: Runs): readonly Agent[] =>
  agentNames.map((name) => {
    const agent = model(world, process, runs, name, { resumes: name === 'resumer', steers: name === 'steerer' })
    return world.plant.agent?.(agent) ?? agent
  })
