import type { Server } from './network.ts'
import { createRuns } from './models.ts'
import { type Node, startNode } from './node.ts'
import type { World } from './world.ts'

/** The machines that gateways run on. */
export interface Cluster {
  readonly nodes: () => readonly Node[]
  /** The programs that run, or are stopped; a machine without one is missing here. */
  readonly on: (machine: number) => Node | undefined
  readonly size: number
  /** Every machine has a program, and none is about to end. */
  readonly whole: () => boolean
  /** As a load balancer chooses: the same one as long as it lives, mostly. */
  readonly target: (client: string) => Server | undefined
  readonly crash: (machine: number, silent: boolean) => void
  readonly drain: (machine: number, graceMs: number) => void
  readonly start: (machine: number) => void
}

export const createCluster = (world: World, size: number): Cluster => {
  const { random, violated, trace } = world
  const runs = createRuns(world)
  const running = new Map<number, Node>()
  const sticky = new Map<string, number>()
  const stopping = new Set<number>()

  const start = (machine: number): void => {
    if (!running.has(machine)) running.set(machine, startNode(world, `n${machine}`, size === 1, runs))
  }
  const alive = (machine: number): boolean => running.get(machine)?.process.alive() === true
  for (let machine = 0; machine < size; machine++) start(machine)

  return {
    nodes: () => [...running.values()],
    on: (machine) => running.get(machine),
    size,
    whole: () => running.size === size && stopping.size === 0,
    target: (client) => {
      const up = [...running.keys()].filter((machine) => alive(machine) && !stopping.has(machine))
      const before = sticky.get(client)
      const chosen =
        before !== undefined && up.includes(before) && random.chance(0.6)
          ? before
          : up[random.between(0, up.length - 1)]
      if (chosen === undefined) return undefined
      sticky.set(client, chosen)
      return running.get(chosen)
    },
    crash: (machine, silent) => {
      const node = running.get(machine)
      if (node === undefined) return
      trace('crash', node.name, silent ? 'silently' : '')
      running.delete(machine)
      stopping.delete(machine)
      node.crash(silent)
    },
    drain: (machine, graceMs) => {
      const node = running.get(machine)
      if (node === undefined || stopping.has(machine)) return
      trace('drain', node.name)
      stopping.add(machine)
      node.drain(graceMs).then(
        () => {
          if (running.get(machine) !== node) return
          trace('drained', node.name)
          stopping.delete(machine)
          running.delete(machine)
          if (world.knobs.healed) start(machine)
        },
        (error: unknown) => violated('bug', `drain: ${String(error)}`),
      )
    },
    start,
  }
}
