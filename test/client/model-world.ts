import { formatCursor, parseCursor } from '../../src/core/cursor.ts'
import type { Event } from '../../src/core/events.ts'
import { foldSession } from '../../src/core/fold.ts'
import type { ClientFrame, ServerFrame } from '../../src/core/frames.ts'
import { emptySession } from '../../src/core/session.ts'
import { newMachine, step, wake, type Effect, type Input, type Machine } from '../../src/client/machine.ts'
import { newFold, newReader } from '../../src/client/reader.ts'

/** Bugs that can be planted in the model server, to show that the checks see them. */
export interface Planted {
  /** A command that comes again has its effect again. */
  readonly noDedupe?: boolean
  /** A subscription leaves the event after its cursor out, and says so in no way. */
  readonly skips?: boolean
  /** `prev` is right but events come twice. */
  readonly doubles?: boolean
}

interface Conn {
  readonly up: ClientFrame[]
  readonly down: string[]
  readonly subs: Map<string, number>
  greeted: boolean
}

const limits = { frame: 65_536, in_flight: 4, subscriptions: 10 }
const principal = { id: 'user:a', name: 'a', permissions: [] }
const at = (seq: number): string => formatCursor({ epoch: 1, seq })

/** A client's machine and a server of few lines, in a network whose every step is chosen from outside. */
export const newWorld = (planted: Planted = {}) => {
  const log: Event[] = []
  const done = new Map<string, number>()
  const conns = new Map<number, Conn>()
  const shown: number[] = []
  const acked = new Map<string, string>()
  const stored = new Set<string>()
  let machine: Machine = newMachine({ rungs: ['websocket'] })
  let [now, down, refuse, count] = [0, false, 0, 0]

  const append = (event: object): number => {
    const seq = log.length + 1
    log.push({ seq, at: seq, by: 'user:a', ...event } as Event)
    return seq
  }
  append({ type: 'session.created', id: 's' })

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'open':
        conns.set(effect.conn, { up: [], down: [], subs: new Map(), greeted: false })
        return
      case 'close':
        conns.delete(effect.conn)
        return
      case 'greet':
        conns.get(effect.conn)?.up.push({ t: 'hello', v: 1 })
        return
      case 'write':
        conns.get(effect.conn)?.up.push(effect.frame)
        return
      case 'keep':
        stored.add(effect.entry.id)
        return
      case 'forget':
        stored.delete(effect.id)
        return
      case 'acked':
        acked.set(effect.id, effect.cursor)
        return
      case 'told':
        if (effect.key === 'events' && effect.told.type === 'events')
          shown.push(...effect.told.events.map(({ seq }) => seq))
        return
      default:
    }
  }
  const put = (input: Input, random = 0.5): void => {
    const [next, effects] = step(machine, input, now, random)
    machine = next
    for (const effect of effects) perform(effect)
  }

  const answer = (conn: Conn, frame: ClientFrame): void => {
    const say = (frame: ServerFrame): void => void conn.down.push(JSON.stringify(frame))
    switch (frame.t) {
      case 'hello':
        conn.greeted = true
        return say({ t: 'welcome', v: 1, conn: 'c', server: 's', hb_ms: 20_000, principal, limits })
      case 'ping':
        return say({ t: 'pong', n: frame.n })
      case 'cmd': {
        const known = planted.noDedupe === true ? undefined : done.get(frame.id)
        if (known !== undefined) return say({ t: 'ack', id: frame.id, cursor: at(known), dup: true })
        if (refuse > 0) {
          refuse -= 1
          return say({
            t: 'err',
            id: frame.id,
            code: 'rate_limited',
            message: '',
            retryable: true,
            retry_after_ms: 700,
          })
        }
        const seq = append({
          type: 'prompt',
          mid: `${frame.id}-${log.length}`,
          turn: frame.id,
          text: frame.id,
          cause: frame.id,
        })
        done.set(frame.id, seq)
        return say({ t: 'ack', id: frame.id, cursor: at(seq) })
      }
      case 'sub': {
        const from = frame.cursor === undefined ? 0 : parseCursor(frame.cursor).seq
        if (frame.from === 'snapshot' && frame.cursor === undefined) {
          const state = foldSession(emptySession, log)
          say({ t: 'sub.ok', id: frame.id, mode: 'snapshot', cursor: at(log.length), head: at(log.length), state })
          conn.subs.set(frame.id, log.length)
        } else {
          say({ t: 'sub.ok', id: frame.id, mode: 'replay', cursor: at(from), head: at(log.length) })
          conn.subs.set(frame.id, from)
        }
        return
      }
      case 'unsub':
        conn.subs.delete(frame.id)
        return
      default:
    }
  }
  /** One subscription is sent some of what it misses. */
  const pump = (conn: Conn, max: number): void => {
    for (const [sub, from] of conn.subs) {
      const events = log.slice(from, from + max)
      if (events.length === 0) continue
      const to = from + events.length
      const e = planted.skips === true && events.length > 1 ? events.slice(1) : events
      const frame = (prev: number): string => JSON.stringify({ t: 'ev', sub, prev: at(prev), cursor: at(to), e })
      conn.down.push(frame(from))
      if (planted.doubles === true) conn.down.push(frame(from))
      conn.subs.set(sub, to)
    }
  }
  const at0 = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)]

  /** One move, chosen by a number: the same numbers, the same run. */
  const move = (choice: number, random: number): void => {
    const list = [...conns]
    const [number, conn] = at0(list, choice >> 4) ?? []
    switch (choice % 12) {
      case 0:
        count += 1
        return put({
          type: 'send',
          entry: { id: `c${count}`, session: 's', type: 'prompt', data: { text: `c${count}` }, at: count },
        })
      case 1:
      case 2:
      case 3: {
        const frame = conn?.up.shift()
        if (conn !== undefined && frame !== undefined) answer(conn, frame)
        return
      }
      case 4:
      case 5:
      case 6: {
        const text = conn?.down.shift()
        if (number !== undefined && text !== undefined) put({ type: 'message', conn: number, text }, random)
        return
      }
      case 7:
        if (conn !== undefined) pump(conn, 1 + (choice % 5))
        return
      case 8:
        append({ type: 'log', level: 'info', text: String(log.length) })
        return
      case 9: {
        // The cable: what is on its way in either direction is lost.
        if (number === undefined) return
        conns.delete(number)
        return put({ type: 'closed', conn: number, code: 1006 }, random)
      }
      case 10:
        if (choice % 5 === 0) down = !down
        if (choice % 7 === 0) refuse += 1
        return
      default: {
        now += choice % 3000
        if (wake(machine, now) <= now) put({ type: 'tick' }, random)
        if (down || number === undefined || conn?.greeted === true) return
        put({ type: 'opened', conn: number }, random)
      }
    }
  }

  /** No more faults: everything is delivered until nothing moves. */
  const heal = (): void => {
    down = false
    refuse = 0
    for (let round = 0; round < 400; round++) {
      now += 1000
      if (wake(machine, now) <= now) put({ type: 'tick' })
      for (const [number, conn] of conns) {
        if (!conn.greeted && conn.up.length === 0) put({ type: 'opened', conn: number })
        for (let frame = conn.up.shift(); frame !== undefined; frame = conn.up.shift()) answer(conn, frame)
        pump(conn, 1000)
        for (let text = conn.down.shift(); text !== undefined; text = conn.down.shift())
          put({ type: 'message', conn: number, text })
      }
    }
  }

  put({ type: 'connect' })
  put({ type: 'follow', key: 'events', reader: newReader('s') })
  put({ type: 'follow', key: 'state', reader: newFold('s') })
  return {
    move,
    heal,
    put,
    log,
    shown,
    acked,
    stored,
    machine: () => machine,
    sent: () => count,
    /** What a person could complain about; empty: nothing. */
    complaints: (): string[] => {
      const found: string[] = []
      const prompts = log.flatMap((event) => (event.type === 'prompt' ? [event.text] : []))
      const wanted = Array.from({ length: count }, (_, i) => `c${i + 1}`).filter((id) => acked.has(id))
      if (JSON.stringify(prompts) !== JSON.stringify(wanted))
        found.push(`[W3] prompts ${prompts.join()} for ${wanted.join()}`)
      if (JSON.stringify(shown) !== JSON.stringify(log.map(({ seq }) => seq)))
        found.push(`[E2] [E3] shown ${shown.join()} of ${log.length}`)
      const fold = machine.readers.get('state')?.state
      if (JSON.stringify(fold) !== JSON.stringify(foldSession(emptySession, log))) found.push('[S6] the fold differs')
      if (machine.outbox.length > 0 || stored.size > 0)
        found.push(`[W9] left: ${machine.outbox.length}, stored ${stored.size}`)
      return found
    },
  }
}
