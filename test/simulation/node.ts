import { Failure } from '../../src/core/failures.ts'
import type { Journal } from '../../src/core/ports.ts'
import { native } from '../../src/dialects/native.ts'
import { connect, type Connection as Spoken } from '../../src/gateway/connection.ts'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { createPresence } from '../../src/gateway/presence.ts'
import { memoryJournal } from '../../src/journals/memory.ts'
import { models, type Runs } from './models.ts'
import type { Connection, Server } from './network.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

/** A gateway on a machine, from one start to the next. */
export interface Node extends Server {
  readonly name: string
  readonly gateway: Gateway
  /** Commits somebody waits to hear of, as the journal has them registered. */
  readonly watches: () => number
  readonly connections: () => readonly Connection[]
  /** kill -9. `silent`: its machine went too, so nobody tells its peers. */
  readonly crash: (silent: boolean) => void
  /** SIGTERM: running turns get so many ms. Resolves when the program has ended. */
  readonly drain: (graceMs: number) => Promise<void>
}

/** ms: of a lease, of the idle time of a session, between two looks at all connections, and for turns that nobody runs. */
export const times = { lease: 2000, idle: 3000, beat: 4000, recover: 1500 } as const

const everyone = { id: 'user:one', name: 'one', permissions: new Set(['read', 'write', 'approve']) }

/** What may be wrong with the store, put around the real journal: it is full. */
const limited = (journal: Journal, { knobs, count }: World): Journal => {
  const room = <T>(write: () => Promise<T>): Promise<T> => {
    if (!knobs.full) return write()
    count('refused: storage_full')
    return Promise.reject(new Failure('storage_full'))
  }
  return {
    ...journal,
    claim: (session, options) => room(() => journal.claim(session, options)),
    append: (lease, said, along) => room(() => journal.append(lease, said, along)),
    send: (command, hash) => room(() => journal.send(command, hash)),
    trim: (lease, state) => room(() => journal.trim(lease, state)),
  }
}

/** Counts the watches, so that one that is never given back is seen. */
const counted = (journal: Journal): { readonly journal: Journal; readonly watches: () => number } => {
  let watches = 0
  const watch: Journal['watch'] = (session, wake) => {
    const stop = journal.watch(session, wake)
    let over = false
    watches++
    return () => {
      if (!over) watches--
      over = true
      stop()
    }
  }
  return { journal: { ...journal, watch }, watches: () => watches }
}

export const startNode = (world: World, name: string, alone: boolean, runs: Runs): Node => {
  const { random, store, knobs, plant, violated, count } = world
  const process: Process = world.spawn(name)
  const { env } = process
  const memory = memoryJournal(store, {
    env,
    node: name,
    // Alone nobody can take anything over: that is SQLite, with a lock on its file instead of leases.
    ttl: alone ? 1e9 : times.lease,
    commitDelay: () => random.between(0, knobs.commit),
    ackDelay: () => (knobs.ack === 0 ? 0 : random.between(0, knobs.ack)),
    wakeDelay: () => (knobs.deaf > 0 && random.chance(knobs.deaf) ? undefined : random.between(0, knobs.wake)),
    ...(plant.broken !== undefined && { broken: plant.broken }),
  })
  const { journal: sound, watches } = counted(limited(memory, world))
  const journal = plant.journal?.(sound, env) ?? sound
  const onBug = (error: unknown): void => {
    const failure = error instanceof Failure ? error : undefined
    // What a model throws, what a full disk and a lost lease do to work that nobody waits for: told to the log, and expected.
    if (runs.planned(error) || (failure !== undefined && failure.code !== 'internal')) return count('told to the log')
    violated('bug', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const gateway = createGateway({
    journal,
    agents: models(world, process, runs),
    env,
    hash: (text) => text,
    node: name,
    maxQueue: 4,
    idleMs: times.idle,
    onBug,
  })
  const presence = createPresence()
  const connections = new Map<Connection, Spoken>()
  let closing = false

  const accept: Server['accept'] = (connection) => {
    if (!process.alive() || closing) return undefined
    const subs = new Map<string, string>()
    let greeted = false
    const send = (data: string | Uint8Array): void => {
      if (!process.alive()) return
      const text =
        typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()
      judge(world, text, subs)
      const sent = plant.down === undefined ? text : plant.down(text)
      if (sent !== undefined) connection.down(sent)
    }
    const spoken = connect({
      wire: {
        send,
        buffered: () => connection.buffered() * world.crowding,
        close: (code) => {
          connections.delete(connection)
          connection.closeDown(code)
        },
      },
      dialect: native,
      gateway,
      presence,
      env,
      server: 'simulation/0',
      caller: undefined,
      authenticate: async (token) => (token === 'key' ? everyone : undefined),
      bucket: () => (greeted && !knobs.healed && random.chance(0.01) ? 200 : 0),
      onBug,
    })
    connections.set(connection, spoken)
    return {
      opened: () => undefined,
      drained: () => spoken.drained(),
      message: (text) => {
        const sub = /^\{"t":"sub","id":"([^"]*)","session":"([^"]*)"/.exec(text)
        if (sub?.[1] !== undefined) subs.set(sub[1], sub[2] ?? '')
        spoken.receive(text)
        greeted = true
      },
      closed: () => {
        connections.delete(connection)
        spoken.closed()
      },
    }
  }

  const beat = (): void => {
    for (const spoken of connections.values()) spoken.beat()
    env.after(times.beat, beat)
  }
  const recover = (): void => {
    // A plant may leave this out: it is what a start does before it serves.
    if (plant.recovers !== false) gateway.recover().catch(onBug)
    env.after(times.recover, recover)
  }
  env.after(times.beat, beat)
  recover()

  const die = (silent: boolean): void => {
    process.kill()
    for (const connection of connections.keys()) connection.cut(!silent, false)
    connections.clear()
    memory.crash()
  }

  return {
    name,
    process,
    gateway,
    watches,
    connections: () => [...connections.keys()],
    accept,
    crash: die,
    drain: async (graceMs) => {
      closing = true
      await gateway.drain(graceMs)
      for (const spoken of connections.values())
        spoken.end(new Failure('draining', undefined, { retryAfterMs: random.between(0, 300) }))
      await gateway.close()
      die(false)
    },
  }
}

/**
 * [I1] as strictly as it can be looked at: when a server gives something to the network, it is in the store already, and
 * said as it was committed.
 */
const judge = (
  { archive, commands, violated, count }: World,
  text: string,
  subs: ReadonlyMap<string, string>,
): void => {
  if (text.startsWith('{"t":"ev"')) {
    archive.sync()
    const { 3: sub = '', 7: prev = '', 11: cursor = '' } = text.slice(9, 400).split('"', 12)
    const log = archive.logs.get(subs.get(sub) ?? '')
    const [from, to] = [Number(prev.slice(17)), Number(cursor.slice(17))]
    if (log === undefined || log.events.length < to)
      violated('I1', `events up to ${to} were sent while the log ended at ${log?.events.length ?? 0}`)
    else if (!text.endsWith(`"e":[${log.json.slice(from, to).join()}]}`))
      violated('I2', `${sub} was sent something else as ${from + 1} to ${to} of ${log.session} than the log has`)
  } else if (text.startsWith('{"t":"ack"')) {
    const { id, cursor, dup } = JSON.parse(text) as { id: string; cursor: string; dup?: true }
    archive.sync()
    commands.acked(id, cursor)
    count(dup === true ? 'ack again' : 'ack')
  }
}
