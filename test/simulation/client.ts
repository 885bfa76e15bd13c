import type { Event } from '../../src/core/events.ts'
import { isOpenAsk } from '../../src/core/session.ts'
import { type Effect, type Input, type Machine, newMachine, step, wake } from '../../src/client/machine.ts'
import type { Entry } from '../../src/client/outbox.ts'
import { newFold, newReader, type Reader, seqOf, type Told } from '../../src/client/reader.ts'
import { foldTo, sameState } from './folds.ts'
import { type Connection, dial, type Server } from './network.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

/** What a device keeps when its page is reloaded. */
export interface Kept {
  readonly outbox: Map<string, Entry>
  /** What its readers had, where the application stores it. */
  readonly readers: Map<string, Reader>
  said: number
}

/** A page on some device: the real client without its sockets, and a judge who looks at each thing it is shown. */
export interface Client {
  readonly name: string
  readonly process: Process
  readonly machine: () => Machine
  readonly say: (session: string, type: string, data: object, expect?: string) => string
  readonly follow: (session: string, how: 'fold' | 'start' | 'now' | 'kept') => void
  readonly unfollow: () => void
  readonly input: (input: Input) => void
  readonly connections: () => readonly Connection[]
  /** Questions that it shows. */
  readonly asks: () => readonly { readonly session: string; readonly ask: string }[]
  /** The page is closed; its device keeps what it keeps. */
  readonly kill: () => void
}

export interface ClientOptions {
  readonly name: string
  readonly kept: Kept
  readonly target: () => Server | undefined
  /** Small windows need a `got` for each frame. */
  readonly window?: number
  readonly coalesceMs?: number
}

export const startClient = (world: World, { name, kept, target, window, coalesceMs }: ClientOptions): Client => {
  const { random, knobs, archive, commands, violated, count } = world
  const process = world.spawn(name)
  const connections = new Map<number, Connection>()
  /** What each reader was shown last, and where its copy begins. */
  const copies = new Map<string, number>()
  let machine = newMachine({ rungs: ['websocket'] })
  let cancelTick = (): void => undefined
  let plannedFor = Infinity
  let follows = 0

  const write = (conn: number, frame: object): void => connections.get(conn)?.up(JSON.stringify(frame))

  const open = (conn: number): void => {
    const ends = {
      opened: () => input({ type: 'opened', conn }),
      message: (text: string) => input({ type: 'message', conn, text }),
      closed: (code: number) => {
        connections.delete(conn)
        input({ type: 'closed', conn, code })
      },
      drained: () => undefined,
    }
    connections.set(conn, dial(world, `${name}/${conn}`, process, ends, target()))
  }

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'open':
        return open(effect.conn)
      case 'close':
        connections.get(effect.conn)?.closeUp()
        return void connections.delete(effect.conn)
      case 'greet': {
        const flow = {
          ...(window !== undefined && { window }),
          ...(coalesceMs !== undefined && { coalesce_ms: coalesceMs }),
        }
        return write(effect.conn, { t: 'hello', v: 1, client: 'simulation/0', auth: 'key', ...flow })
      }
      case 'renew':
        return write(effect.conn, { t: 'auth', token: 'key' })
      case 'write':
        return write(effect.conn, effect.frame)
      case 'keep':
        return void kept.outbox.set(effect.entry.id, effect.entry)
      case 'forget':
        return void kept.outbox.delete(effect.id)
      case 'acked': {
        const given = commands.all.get(effect.id)
        if (given?.acked !== effect.cursor)
          violated('I3', `${effect.id} was acknowledged as ${given?.acked}, and ${name} heard ${effect.cursor}`)
        return
      }
      case 'refused':
        count(`refused: ${effect.error.code}`)
        return commands.refused(effect.id, effect.error.code)
      case 'told':
        return judge(effect.key, effect.told)
      case 'discarded':
      case 'other':
        return
    }
  }

  /** [I2]: one event after the other, each as it was committed; a snapshot is what the log adds up to. */
  const judge = (key: string, told: Told): void => {
    const reader = machine.readers.get(key)
    const log = reader && archive.logs.get(reader.session)
    if (reader === undefined || reader.cursor === null) return
    archive.sync()
    if (told.type === 'events') for (const event of told.events) shown(key, reader.session, event)
    if (told.type === 'jumped') {
      count('snapshot')
      if (told.diverged) violated('I2', `${name} was told that the log of ${reader.session} went back`)
      const seq = seqOf(reader.cursor)
      if (log === undefined || !sameState(told.state, foldTo(log.events, seq)))
        violated('I9', `the snapshot of ${reader.session} at ${seq} is not what the log adds up to`)
      copies.set(key, seq)
    }
    if (told.type === 'live' && !copies.has(key)) copies.set(key, seqOf(reader.cursor))
    if (told.type === 'failed') violated('I8', `${name} cannot read ${reader.session}: ${told.error.code}`)
    if (told.type === 'events' && window !== undefined && window > 0 && reader.sub !== '')
      write(machine.link.conn, { t: 'got', sub: reader.sub, cursor: reader.cursor })
  }

  const shown = (key: string, session: string, event: Event): void => {
    const last = copies.get(key) ?? event.seq - 1
    if (event.seq !== last + 1) violated('I2', `${name} was shown ${event.seq} of ${session} after ${last}`)
    copies.set(key, event.seq)
    // That its frame says what the log says was judged when the server sent it.
    if (archive.logs.get(session)?.events[event.seq - 1]?.type !== event.type)
      return violated('I1', `${name} was shown ${event.seq} of ${session}, which is not in the log`)
    if (event.type === 'ask') consider(session, event.ask)
  }

  /** A person who is asked answers, mostly. */
  const consider = (session: string, ask: string): void => {
    if (!knobs.healed && random.chance(0.6))
      process.env.after(
        random.between(50, 800),
        () => void say(session, 'answer', { ask, option: random.pick(['yes', 'no']) }),
      )
  }

  const input = (given: Input): void => {
    if (!process.alive()) return
    const [next, effects] = step(machine, given, process.env.monotonic(), random.next())
    machine = next
    for (const effect of effects) perform(effect)
    plan()
  }

  /** One timer for the whole client, moved only when it must ring earlier. */
  const plan = (): void => {
    const at = wake(machine, process.env.monotonic())
    if (at >= plannedFor && plannedFor !== Infinity) return
    cancelTick()
    plannedFor = at
    if (at === Infinity) return
    cancelTick = process.env.after(at - process.env.monotonic(), () => {
      plannedFor = Infinity
      input({ type: 'tick' })
    })
  }

  const say: Client['say'] = (session, type, data, expect) => {
    const id = `${name}:${++kept.said}`
    commands.give({ id, client: name, session, type, text: 'text' in data ? String(data.text) : '' })
    const entry: Entry = { id, session, type, data, at: kept.said, ...(expect !== undefined && { expect }) }
    input({ type: 'send', entry })
    return id
  }

  const start = (key: string, session: string, how: 'fold' | 'start' | 'now' | 'kept'): Reader => {
    if (how === 'fold') return newFold(session)
    if (how !== 'kept') return newReader(session, { from: how })
    const old = kept.readers.get(session)
    if (old?.cursor === undefined || old.cursor === null) return newFold(session)
    copies.set(key, seqOf(old.cursor))
    return newReader(session, { from: 'snapshot', cursor: old.cursor, state: old.state })
  }

  input({ type: 'adopt', entries: [...kept.outbox.values()] })
  input({ type: 'connect' })

  return {
    name,
    process,
    machine: () => machine,
    say,
    follow: (session, how) => {
      const key = `${how}-${++follows}`
      if (how === 'start') copies.set(key, 0)
      input({ type: 'follow', key, reader: start(key, session, how) })
    },
    unfollow: () => {
      const key = [...machine.readers.keys()].at(-1)
      if (key !== undefined && machine.readers.size > 1) input({ type: 'unfollow', key })
    },
    input,
    connections: () => [...connections.values()],
    asks: () =>
      [...machine.readers.values()].flatMap(({ session, state }) =>
        (state?.items ?? []).filter(isOpenAsk).map((item) => ({ session, ask: item.id })),
      ),
    kill: () => {
      for (const { session, ...reader } of machine.readers.values())
        if (reader.state !== null && reader.cursor !== null) kept.readers.set(session, { session, ...reader })
      process.kill()
      for (const connection of connections.values()) connection.cut(false, true)
    },
  }
}
