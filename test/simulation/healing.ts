import { times } from './node.ts'
import type { Scene } from './scene.ts'
import { missing } from './verdict.ts'

type Run = (until: number, done?: () => boolean) => Promise<void>

/** The faults are over: everything that was broken off, stopped or hidden is whole again. */
export const heal = (scene: Scene): void => {
  const { world, cluster } = scene
  const { knobs } = world
  Object.assign(knobs, { commit: 4, ack: 0, deaf: 0, wake: 0, delay: 20, full: false, healed: true })
  for (const node of cluster.nodes()) node.process.resume()
  for (let machine = 0; machine < cluster.size; machine++) cluster.start(machine)
  for (const client of scene.clients()) client.process.resume()
  mend(scene)
}

/** A network that is whole again resets what it had forgotten. */
const mend = ({ clients, cluster }: Scene): void => {
  for (const connection of [...clients(), ...cluster.nodes()].flatMap(({ connections }) => connections())) {
    connection.hold(false)
    if (connection.broken()) connection.cut(true, true)
  }
}

/** The network is there again, and every machine: people go on, and everybody looks at everything. */
export const goOn = (scene: Scene): void => {
  const { scheduler } = scene.world
  mend(scene)
  const online = (): void => {
    for (const client of scene.clients()) client.input({ type: 'online', online: true })
  }
  online()
  // Once more for those whose last try was about to fail.
  scheduler.after(200, online)
  for (const client of scene.clients()) {
    const folded = [...client.machine().readers.values()].flatMap(({ session, state }) =>
      state === null ? [] : [session],
    )
    for (const session of scene.sessions()) if (!folded.includes(session)) client.follow(session, 'fold')
  }
  answer(scene, new Set())
}

/** Questions that nobody answered are answered now. */
const answer = (scene: Scene, answered: Set<string>): void => {
  const client = scene.clients()[0]
  for (const { session, ask } of client?.asks() ?? [])
    if (!answered.has(ask)) {
      answered.add(ask)
      client?.say(session, 'answer', { ask, option: 'yes' })
    }
  scene.world.scheduler.after(300, () => answer(scene, answered))
}

/** Logs are trimmed, and whoever comes then still gets the whole [I9]. */
export const restore = async (scene: Scene, run: Run): Promise<void> => {
  const { scheduler, random, archive, violated, count } = scene.world
  if (!random.chance(0.3)) return
  let over = 0
  for (const node of scene.cluster.nodes())
    node.gateway.trim(node.process.env.now() + 1e12).then(
      (trimmed) => {
        over++
        if (trimmed > 0) count('trimmed at rest')
      },
      (error: unknown) => violated('bug', `trim: ${String(error)}`),
    )
  await run(scheduler.now() + 3000, () => over === scene.cluster.size)
  const [client] = scene.clients()
  for (const session of archive.logs.keys()) client?.follow(session, random.pick(['fold', 'start', 'kept']))
  await run(scheduler.now() + 5000, () => missing(scene) === undefined)
  const lacks = missing(scene)
  if (lacks !== undefined) violated('I5', `after a trim, ${lacks}`)
}

/** [I7]: when everybody has gone, nothing is held any more; when the programs have ended, nothing is left. */
export const rest = async (scene: Scene, run: Run): Promise<void> => {
  const { scheduler, store, violated } = scene.world
  const nodes = scene.cluster.nodes()
  for (const client of scene.clients()) client.input({ type: 'disconnect' })
  const held = (): string | undefined => {
    for (const [session, { owner }] of store.sessions) if (owner !== undefined) return `${owner} holds ${session}`
    for (const node of nodes) {
      if (node.watches() > 0) return `${node.name} watches ${node.watches()} sessions`
      if (node.connections().length > 0) return `${node.name} has ${node.connections().length} connections`
      const timers = node.process.timers()
      const base = 4
      if (timers > base) return `${node.name} has ${timers} timers, not ${base}`
    }
    return undefined
  }
  await run(scheduler.now() + times.idle * 2, () => held() === undefined)
  const left = held()
  if (left !== undefined) return violated('I7', `at rest, ${left}`)
  let closed = 0
  for (const node of nodes)
    node.gateway.close().then(
      () => closed++,
      (error: unknown) => violated('bug', `close: ${String(error)}`),
    )
  await run(scheduler.now() + 2000, () => closed === nodes.length)
  if (closed < nodes.length) violated('I7', `${nodes.length - closed} gateways do not close`)
  for (const node of nodes) node.crash(false)
  for (const client of scene.clients()) client.kill()
  if (store.listeners.size > 0) violated('I7', `${store.listeners.size} nodes still listen`)
}
