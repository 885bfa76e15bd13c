import type { ClientFrame, ServerFrame, WireError } from '../core/frames.ts'
import { noFragments, receive, type Fragments } from './fragments.ts'
import { wireError } from './error.ts'
import { stepLink, linkWake } from './link.ts'
import { newLink, type Link, type LinkEffect, type LinkInput, type LinkOptions } from './link-state.ts'
import type { Moment } from './moment.ts'
import * as box from './outbox.ts'
import * as readers from './reader.ts'

/**
 * A whole client without I/O: link, outbox and readers wired together. It is what the SDK runs and what the simulator
 * runs. Keep the state, call `step` with each input and the time, do what the effects say in their order, and call again
 * with `tick` at `wake`.
 */
export interface Machine {
  readonly link: Link
  readonly outbox: box.Outbox
  /** By a key that the application gives. */
  readonly readers: ReadonlyMap<string, readers.Reader>
  /** Subscription names given so far. */
  readonly subs: number
  readonly fragments: Fragments
  /** The connection on which everything was subscribed and sent; 0: none. */
  readonly served: number
}

export type Input =
  | Exclude<LinkInput, { readonly type: 'frame' }>
  /** One text message of a connection. */
  | { readonly type: 'message'; readonly conn: number; readonly text: string }
  /** A command, to be sent now or when that is possible. */
  | { readonly type: 'send'; readonly entry: box.Entry }
  /** What an earlier page or process left in the store. */
  | { readonly type: 'adopt'; readonly entries: readonly box.Entry[] }
  /** Take a command back, if it never left or was refused. */
  | { readonly type: 'discard'; readonly id: string }
  | { readonly type: 'follow'; readonly key: string; readonly reader: readers.Reader }
  | { readonly type: 'unfollow'; readonly key: string }
  /** The application cannot take more: a paused reader costs the server nothing, and keeps its cursor. */
  | { readonly type: 'pause' | 'resume'; readonly key: string }

export type Effect =
  | Extract<LinkEffect, { type: 'open' | 'close' | 'greet' | 'renew' }>
  | { readonly type: 'write'; readonly conn: number; readonly frame: ClientFrame }
  /** Keep this entry, or forget it, where it survives the process. */
  | { readonly type: 'keep'; readonly entry: box.Entry }
  | { readonly type: 'forget'; readonly id: string }
  /** The fate of a command. */
  | { readonly type: 'acked'; readonly id: string; readonly cursor: string; readonly dup: boolean }
  | { readonly type: 'refused'; readonly id: string; readonly error: WireError }
  | { readonly type: 'discarded'; readonly id: string }
  | { readonly type: 'told'; readonly key: string; readonly told: readers.Told; readonly bytes: number }
  /** A frame that is no subscription's and no command's: ephemeral ones, kinds this version does not know, and the link's own. */
  | { readonly type: 'other'; readonly frame: ServerFrame }

export type Step = readonly [Machine, readonly Effect[]]

export const newMachine = (options: Partial<LinkOptions> = {}): Machine => ({
  link: newLink(options),
  outbox: [],
  readers: new Map(),
  subs: 0,
  fragments: noFragments,
  served: 0,
})

/** One input. @see Moment for `now` and `random` */
export const step = (machine: Machine, input: Input, now: number, random: number): Step => {
  const at: Doing = { now, random, effects: [] }
  return [pump(handle(machine, input, at), at), at.effects]
}

interface Doing extends Moment {
  readonly effects: Effect[]
}

/** When the next `tick` is due; Infinity: only another input can change anything. */
export const wake = (machine: Machine, now: number): number => {
  const link = linkWake(machine.link)
  if (machine.link.phase !== 'up') return link
  const later = [...machine.readers.values()].map((reader) =>
    reader.phase === 'idle' && reader.notBefore > now ? reader.notBefore : Infinity,
  )
  return Math.min(link, box.outboxWake(machine.outbox, now), ...later)
}

const handle = (machine: Machine, input: Input, at: Doing): Machine => {
  switch (input.type) {
    case 'message':
      return message(machine, input, at)
    case 'send': {
      const outbox = box.put(machine.outbox, input.entry)
      if (outbox === machine.outbox) return machine
      if (outbox === undefined) {
        at.effects.push({ type: 'refused', id: input.entry.id, error: full })
        return machine
      }
      at.effects.push({ type: 'keep', entry: input.entry })
      return { ...machine, outbox }
    }
    case 'adopt':
      return { ...machine, outbox: box.adopt(machine.outbox, input.entries) }
    case 'discard': {
      const slot = machine.outbox.find((one) => one.id === input.id)
      if (slot === undefined || !box.isRemovable(slot)) return machine
      at.effects.push({ type: 'forget', id: input.id }, { type: 'discarded', id: input.id })
      return { ...machine, outbox: box.remove(machine.outbox, input.id) }
    }
    case 'follow':
      return withReader(machine, input.key, input.reader)
    case 'unfollow': {
      leave(machine, input.key, at)
      const rest = new Map(machine.readers)
      rest.delete(input.key)
      return { ...machine, readers: rest }
    }
    case 'pause':
    case 'resume': {
      const reader = machine.readers.get(input.key)
      if (reader === undefined || reader.phase === 'failed' || (reader.phase === 'paused') === (input.type === 'pause'))
        return machine
      leave(machine, input.key, at)
      return withReader(machine, input.key, { ...reader, sub: '', phase: input.type === 'pause' ? 'paused' : 'idle' })
    }
    default:
      return linked(machine, input, at)
  }
}

/** The box has no room: the command was not taken [W9]. */
const full: WireError = { code: 'queue_full', message: '100 commands wait already', retryable: true }

const write = (conn: number, frame: ClientFrame): Effect => ({ type: 'write', conn, frame })

const leave = (machine: Machine, key: string, at: Doing): void => {
  const sub = machine.readers.get(key)?.sub ?? ''
  if (sub !== '' && machine.link.phase === 'up') at.effects.push(write(machine.link.conn, { t: 'unsub', id: sub }))
}

const linked = (machine: Machine, input: LinkInput, at: Doing): Machine => {
  const [link, done] = stepLink(machine.link, input, at)
  for (const effect of done)
    at.effects.push(
      effect.type === 'ping' || effect.type === 'pong' ? write(effect.conn, { t: effect.type, n: effect.n }) : effect,
    )
  return link === machine.link ? machine : { ...machine, link }
}

const withReader = (machine: Machine, key: string, reader: readers.Reader): Machine => ({
  ...machine,
  readers: new Map(machine.readers).set(key, reader),
})

const message = (machine: Machine, input: Extract<Input, { type: 'message' }>, at: Doing): Machine => {
  const { conn, text } = input
  if (conn !== machine.link.conn && conn !== machine.link.probe) return machine
  // Only the connection in use sends pieces: a probe has nothing to say but welcome.
  const main = conn === machine.link.conn
  const before = main ? machine.fragments : noFragments
  const got = receive(before, text)
  if (got === undefined) {
    at.effects.push({ type: 'close', conn })
    return linked(machine, { type: 'closed', conn, code: 1002 }, at)
  }
  const { rest, frame } = got
  const next = main ? { ...machine, fragments: rest } : machine
  if (frame === undefined) return linked(next, { type: 'heard', conn }, at)
  const after = linked(next, { type: 'frame', conn, frame }, at)
  return main ? dispatch(after, frame, before.length + text.length, at) : after
}

const dispatch = (machine: Machine, frame: ServerFrame, bytes: number, at: Doing): Machine => {
  switch (frame.t) {
    case 'ack':
      if (!machine.outbox.some((slot) => slot.id === frame.id)) return machine
      at.effects.push(
        { type: 'forget', id: frame.id },
        { type: 'acked', id: frame.id, cursor: frame.cursor, dup: frame.dup === true },
      )
      return { ...machine, outbox: box.remove(machine.outbox, frame.id) }
    case 'err':
      return frame.id === undefined ? told(machine, frame.sub, frame, bytes, at) : refused(machine, frame.id, frame, at)
    case 'sub.ok':
      return told(machine, frame.id, frame, bytes, at)
    case 'ev':
    case 'live':
      return told(machine, frame.sub, frame, bytes, at)
    default:
      at.effects.push({ type: 'other', frame })
      return machine
  }
}

const refused = (machine: Machine, id: string, frame: WireError, at: Doing): Machine => {
  const error = wireError(frame)
  const outbox = box.refuse(machine.outbox, id, error, at)
  const slot = outbox.find((one) => one.id === id)
  if (slot?.state === 'refused')
    at.effects.push({ type: 'keep', entry: box.toEntry(slot) }, { type: 'refused', id, error })
  return { ...machine, outbox }
}

const told = (machine: Machine, sub: string | undefined, frame: ServerFrame, bytes: number, at: Doing): Machine => {
  const [key, reader] = [...machine.readers].find(([, one]) => one.sub !== '' && one.sub === sub) ?? []
  if (key === undefined || reader === undefined) return machine
  const [next, news] = readers.take(reader, frame, bytes, at)
  for (const one of news) at.effects.push({ type: 'told', key, told: one, bytes })
  // It gave its subscription up, not the server: say so, before a new one is made.
  if (next.sub === '' && frame.t !== 'err') at.effects.push(write(machine.link.conn, { t: 'unsub', id: reader.sub }))
  const [thanked, got] = readers.thank(next)
  if (got !== undefined) at.effects.push(write(machine.link.conn, got))
  return withReader(machine, key, thanked)
}

/** Whatever can be asked for or sent now, is. */
const pump = (machine: Machine, at: Doing): Machine => {
  const { link } = machine
  const conn = link.phase === 'up' ? link.conn : 0
  const fresh = conn === machine.served ? machine : moved(machine, conn)
  if (conn === 0) return fresh
  let { subs } = fresh
  const next = new Map(fresh.readers)
  for (const [key, reader] of fresh.readers) {
    // A session that is still to be created here cannot be followed yet.
    const unborn = fresh.outbox.some(
      (slot) => slot.session === reader.session && slot.type === 'create' && slot.state !== 'refused',
    )
    if (reader.phase !== 'idle' || reader.notBefore > at.now || unborn) continue
    subs += 1
    const [asked, frame] = readers.ask(reader, String(subs))
    next.set(key, asked)
    at.effects.push(write(conn, frame))
  }
  // A device without a network keeps what it would send: in a held socket nobody sees it waiting.
  const [outbox, frames] = link.offline ? [fresh.outbox, []] : box.flush(fresh.outbox, at.now, link.inFlight)
  for (const frame of frames) at.effects.push(write(conn, frame))
  return { ...fresh, subs, outbox, readers: subs === fresh.subs ? fresh.readers : next }
}

/** Another connection, or none: nothing is subscribed, nothing is on its way. */
const moved = (machine: Machine, conn: number): Machine => ({
  ...machine,
  served: conn,
  fragments: noFragments,
  outbox: box.requeue(machine.outbox),
  readers: new Map([...machine.readers].map(([key, reader]) => [key, readers.rest(reader)])),
})
