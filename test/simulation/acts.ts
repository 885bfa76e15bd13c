import type { Client } from './client.ts'
import type { Random } from './random.ts'
import type { Scene } from './scene.ts'

/** Something that goes wrong, or that a person does. `random` is its own; it undoes itself after a while, healing undoes the rest. */
type Act = (scene: Scene, random: Random) => void

const oneOf = <T>(list: readonly T[], random: Random): T | undefined => list[random.between(0, list.length - 1)]
const later = ({ world }: Scene, ms: number, call: () => void): void => void world.scheduler.after(ms, call)
/** A machine; rather one that serves a session, since a fault elsewhere hurts nobody. */
const machine = ({ cluster, world }: Scene, random: Random): number => {
  const any = random.between(0, cluster.size - 1)
  const owners = [...world.store.sessions.values()].flatMap(({ owner }) =>
    owner === undefined ? [] : [Number(owner.slice(1))],
  )
  const one = oneOf(owners, random)
  return one !== undefined && random.chance(0.7) ? one : any
}

/** After which a turn may end because the node that ran it went away; without them none may. */
export const interrupting: readonly string[] = ['crash', 'drain', 'pause', 'slow commits', 'disk full']

/** A connection of some page, and both its ends. */
const connection = (scene: Scene, random: Random) =>
  oneOf(
    scene.clients().flatMap((client) => client.connections()),
    random,
  )

export const faults: Readonly<Record<string, Act>> = {
  crash: (scene, random) => {
    const which = machine(scene, random)
    scene.cluster.crash(which, random.chance(0.2))
    later(scene, random.between(20, 2500), () => scene.cluster.start(which))
  },
  drain: (scene, random) => {
    const which = machine(scene, random)
    scene.cluster.drain(which, random.between(0, 800))
    later(scene, random.between(1500, 3000), () => scene.cluster.start(which))
  },
  pause: (scene, random) => {
    const node = scene.cluster.on(machine(scene, random))
    if (node === undefined) return
    node.process.pause(random.chance(0.5))
    later(scene, random.between(100, 5000), node.process.resume)
  },
  'clock jump': (scene, random) => {
    scene.cluster.on(machine(scene, random))?.process.jump(random.between(-72, 2) * 3_600_000)
  },
  'slow commits': (scene, random) => {
    const { knobs } = scene.world
    knobs.commit = random.between(20, 1500)
    knobs.ack = random.between(0, 300)
    later(scene, random.between(200, 2500), () => void Object.assign(knobs, scene.world.usual))
  },
  'disk full': (scene, random) => {
    const { knobs } = scene.world
    knobs.full = true
    later(scene, random.between(100, 2500), () => void (knobs.full = false))
  },
  'late wake-ups': (scene, random) => {
    const { knobs } = scene.world
    knobs.wake = random.between(0, 1500)
    knobs.deaf = random.next()
    later(scene, random.between(500, 4000), () => void Object.assign(knobs, { wake: 0, deaf: 0 }))
  },
  'slow network': (scene, random) => {
    const { knobs } = scene.world
    knobs.delay = random.between(50, 800)
    later(scene, random.between(200, 3000), () => void Object.assign(knobs, scene.world.usual))
  },
  cut: (scene, random) => connection(scene, random)?.cut(true, random.chance(0.7)),
  'half open': (scene, random) => connection(scene, random)?.halfOpen(random.chance(0.6), random.chance(0.6)),
  'slow reader': (scene, random) => {
    const slow = connection(scene, random)
    slow?.hold(true)
    later(scene, random.between(100, 3000), () => slow?.hold(false))
  },
  sleep: (scene, random) => {
    const client = oneOf(scene.clients(), random)
    client?.process.pause(random.chance(0.5))
    later(scene, random.between(200, 4000), () => {
      client?.process.resume()
      client?.input({ type: 'look' })
    })
  },
  offline: (scene, random) => {
    const client = oneOf(scene.clients(), random)
    client?.input({ type: 'online', online: false })
    if (random.chance(0.5)) for (const one of client?.connections() ?? []) one.cut(true, false)
    later(scene, random.between(200, 3000), () => client?.input({ type: 'online', online: true }))
  },
  trim: (scene, random) => {
    const node = scene.cluster.on(machine(scene, random))
    if (node === undefined || node.process.paused()) return
    node.gateway.trim(node.process.env.now() + 1e9).then(
      (trimmed) => trimmed > 0 && scene.world.count('trimmed'),
      () => scene.world.count('trim failed'),
    )
  },
}

/** Somebody who can be used, in a session that he may know. */
const user = (scene: Scene, random: Random, act: (client: Client, session: string) => void): void => {
  const client = oneOf(scene.clients(), random)
  const session = oneOf(scene.sessions(), random)
  if (client !== undefined && session !== undefined && !client.process.paused()) act(client, session)
}

export const deeds: Readonly<Record<string, Act>> = {
  prompt: (scene, random) =>
    user(scene, random, (client, session) => {
      const mode = random.pick(['queue', 'queue', 'steer'] as const)
      const reader = [...client.machine().readers.values()].find((one) => one.session === session)
      const expect = random.chance(0.1) ? (reader?.cursor ?? undefined) : undefined
      client.say(session, 'prompt', { text: `more ${random.between(1, 99)}`, mode }, expect)
    }),
  'two prompts': (scene, random) =>
    user(scene, random, (client, session) => {
      client.say(session, 'prompt', { text: 'first' })
      client.say(session, 'prompt', { text: 'second' })
    }),
  cancel: (scene, random) => user(scene, random, (client, session) => void client.say(session, 'cancel', {})),
  update: (scene, random) =>
    user(
      scene,
      random,
      (client, session) => void client.say(session, 'update', { title: `title ${random.between(1, 9)}` }),
    ),
  close: (scene, random) =>
    user(scene, random, (client, session) => {
      if (random.chance(0.3)) client.say(session, 'close', {})
    }),
  follow: (scene, random) =>
    user(scene, random, (client, session) => client.follow(session, random.pick(['fold', 'start', 'now', 'kept']))),
  unfollow: (scene, random) => user(scene, random, (client) => client.unfollow()),
  begin: (scene, random) => {
    const client = oneOf(scene.clients(), random)
    if (client !== undefined && !client.process.paused()) scene.begin(client, random)
  },
  reload: (scene, random) => {
    const device = oneOf(scene.devices, random)
    const page = device?.pages[0]
    if (device === undefined || page === undefined) return
    scene.close(device, page)
    const again = scene.open(device, page)
    for (const session of scene.sessions()) again.follow(session, random.pick(['fold', 'start', 'kept']))
  },
  'second page': (scene, random) => {
    const device = oneOf(scene.devices, random)
    if (device === undefined || device.pages.length > 1) return
    const page = scene.open(device)
    for (const session of scene.sessions()) page.follow(session, random.pick(['fold', 'start', 'kept']))
  },
}
