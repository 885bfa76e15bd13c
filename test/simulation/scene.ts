import { type Client, type Kept, startClient } from './client.ts'
import { type Cluster, createCluster } from './cluster.ts'
import { agentNames } from './models.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** A device, and the pages that are open on it now. Two pages of one device share what it keeps. */
interface Device {
  readonly name: string
  readonly kept: Kept
  readonly flow: { readonly window?: number; readonly coalesceMs?: number }
  readonly pages: Client[]
  /** Pages so far, reloads not counted. */
  opened: number
}

/** Who takes part in a schedule. */
export interface Scene {
  readonly world: World
  readonly cluster: Cluster
  readonly devices: readonly Device[]
  readonly clients: () => readonly Client[]
  /** Sessions that exist. */
  readonly sessions: () => readonly string[]
  /** Opens a page on a device, beside those that are open; or again, after a reload. */
  readonly open: (device: Device, again?: Client) => Client
  /** Closes a page. */
  readonly close: (device: Device, page: Client) => void
  /** A session of the client's own, with a first prompt: both are said at once, connected or not. */
  readonly begin: (client: Client, random: Random) => void
}

/** Bytes on the way without a `got`, ms of gathering: what clients ask for. */
const windows = [undefined, undefined, undefined, 0, 1, 400] as const
const gathers = [undefined, 0, 0, 100] as const

export const createScene = (world: World, random: Random): Scene => {
  const cluster = createCluster(world, random.pick([1, 1, 2, 2, 2, 3]))
  let created = 0
  const names = ['a', 'b', 'c'].slice(0, random.between(1, 3))
  const devices = names.map((name): Device => {
    const window = random.pick(windows)
    const coalesceMs = random.pick(gathers)
    return {
      name,
      kept: { outbox: new Map(), readers: new Map(), said: 0 },
      flow: { ...(window !== undefined && { window }), ...(coalesceMs !== undefined && { coalesceMs }) },
      pages: [],
      opened: 0,
    }
  })
  return {
    world,
    cluster,
    devices,
    clients: () => devices.flatMap(({ pages }) => pages),
    sessions: () => [...world.archive.logs.keys()],
    open: (device, again) => {
      const { name, kept, flow, pages } = device
      if (pages.length > 0)
        for (const id of kept.outbox.keys()) Object.assign(world.commands.all.get(id) ?? {}, { shared: true })
      const page = startClient(world, {
        name: again?.name ?? `${name}${device.opened++}`,
        kept,
        ...flow,
        target: () => cluster.target(name),
      })
      pages.push(page)
      return page
    },
    close: ({ pages }, page) => {
      page.kill()
      pages.splice(pages.indexOf(page), 1)
    },
    begin: (client, random) => {
      const session = `s${++created}`
      client.say(session, 'create', { agent: random.pick(agentNames), title: `of ${client.name}` })
      client.follow(session, random.pick(['fold', 'start']))
      client.say(session, 'prompt', { text: `hello ${session}` })
    },
  }
}
