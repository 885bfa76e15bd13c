import { backoffDelay } from '../core/backoff.ts'
import type { ClientFrame, WireError } from '../core/frames.ts'
import type { Moment } from './moment.ts'

/** A command as it is kept until the server has it. JSON, so that any store can hold it. */
export interface Entry {
  readonly id: string
  readonly session: string
  readonly type: string
  readonly data: unknown
  readonly expect?: string | undefined
  /** When it was written, ms since 1970, each later than the one before: the order in which they come back after a reload. */
  readonly at: number
  /** The server's final no. Kept until the user has seen it. */
  readonly error?: WireError
}

/** `queued`: waits here. `sent`: on its way. `refused`: `error` says why. One that was acknowledged is gone from the box. */
export interface Slot extends Entry {
  readonly state: 'queued' | 'sent' | 'refused'
  /** How often it was sent. */
  readonly tries: number
  /** It may have reached the server: it was sent, and no answer came. */
  readonly unsure: boolean
  /** Not before then, in the clock of the steps, ms. */
  readonly notBefore: number
}

/** What was said but not yet acknowledged, in the order in which it was said. Pure: every function gives a new box. */
export type Outbox = readonly Slot[]

/** Entries a box holds [W9]. */
export const capacity = 100

const toSlot = (entry: Entry, unsure: boolean): Slot => ({
  ...entry,
  state: entry.error === undefined ? 'queued' : 'refused',
  tries: 0,
  unsure,
  notBefore: 0,
})

/** Adds a command at the end; one that was refused is tried again, any other that is there changes nothing. Undefined when the box is full. */
export const put = (box: Outbox, entry: Entry): Outbox | undefined => {
  const old = box.find((slot) => slot.id === entry.id)
  if (old?.state === 'refused') return box.map((slot) => (slot === old ? toSlot(entry, false) : slot))
  if (old !== undefined) return box
  return box.length >= capacity ? undefined : [...box, toSlot(entry, false)]
}

/** Takes over what an earlier page left behind, before what is newer. */
export const adopt = (box: Outbox, entries: readonly Entry[]): Outbox => {
  const known = new Set(box.map((slot) => slot.id))
  const more = entries.filter((entry) => !known.has(entry.id)).map((entry) => toSlot(entry, true))
  return more.length === 0 ? box : [...box, ...more].sort((a, b) => a.at - b.at)
}

/** Whether a command may pass those of its session that wait after a refusal: stopping must not wait for what cannot start. */
const passes = (type: string): boolean => type === 'cancel' || type === 'answer' || type === 'close'

/** Which entries may go now: one a session on the way, so that no refusal can change their order [W10]. */
const ready = (box: Outbox, now: number, room: number): readonly Slot[] => {
  const blocked = new Map<string, 'sent' | 'held'>()
  const going: Slot[] = []
  for (const slot of box) if (slot.state === 'sent') blocked.set(slot.session, 'sent')
  let left = room - box.filter((slot) => slot.state === 'sent').length
  for (const slot of box) {
    if (slot.state !== 'queued' || left <= 0) continue
    const block = blocked.get(slot.session)
    if (block === 'sent' || (block === 'held' && !passes(slot.type))) continue
    const held = slot.notBefore > now
    blocked.set(slot.session, held ? 'held' : 'sent')
    if (held) continue
    going.push(slot)
    left -= 1
  }
  return going
}

/** What to send now. @param room how many commands may be on the way at once */
export const flush = (box: Outbox, now: number, room: number): readonly [Outbox, readonly ClientFrame[]] => {
  const going = ready(box, now, room)
  if (going.length === 0) return [box, []]
  const next = box.map((slot): Slot =>
    going.includes(slot) ? { ...slot, state: 'sent', tries: slot.tries + 1, unsure: true } : slot,
  )
  return [next, going.map(toFrame)]
}

const toFrame = ({ id, session, type, data, expect }: Entry): ClientFrame => ({
  t: 'cmd',
  id,
  session,
  type,
  data,
  expect,
})

/** The connection is gone: what was on its way may or may not have arrived, so it is sent again under the same id. */
export const requeue = (box: Outbox): Outbox =>
  box.some((slot) => slot.state === 'sent')
    ? box.map((slot) => (slot.state === 'sent' ? { ...slot, state: 'queued' } : slot))
    : box

/** Acknowledged, or taken out by the user. */
export const remove = (box: Outbox, id: string): Outbox => box.filter((slot) => slot.id !== id)

/** The server said no: for now (it is tried again by itself), or finally. */
export const refuse = (box: Outbox, id: string, error: WireError, at: Moment): Outbox =>
  box.map((slot): Slot => {
    if (slot.id !== id || slot.state === 'refused') return slot
    // No credential: the connection stops, the command was not looked at.
    if (error.code === 'unauthorized') return { ...slot, state: 'queued', unsure: false }
    if (!error.retryable) return { ...slot, state: 'refused', error }
    return {
      ...slot,
      state: 'queued',
      unsure: false,
      notBefore: at.now + (error.retry_after_ms ?? backoffDelay(slot.tries + 1, at.random)),
    }
  })

/** Whether the user may take it back: it never left, or was refused. */
export const isRemovable = (slot: Slot): boolean =>
  slot.state === 'refused' || (slot.state === 'queued' && !slot.unsure)

/** Commands the server has not answered for good. */
export const waiting = (box: Outbox): number => box.filter((slot) => slot.state !== 'refused').length

/** When a held entry may go; Infinity: none waits for time. */
export const outboxWake = (box: Outbox, now: number): number =>
  Math.min(...box.map((slot) => (slot.state === 'queued' && slot.notBefore > now ? slot.notBefore : Infinity)))

/** The entry as a store keeps it. */
export const toEntry = ({
  state: _state,
  tries: _tries,
  unsure: _unsure,
  notBefore: _notBefore,
  ...entry
}: Slot): Entry => entry
