import { isDeepStrictEqual } from 'node:util'
import type { Event, Type } from '../../src/core/events.ts'
import { foldSession } from '../../src/core/fold.ts'
import { emptySession, type SessionState, textOf } from '../../src/core/session.ts'
import type { Holding } from '../tools/probe.ts'

/** What one reader was shown, in the order in which it was. A reader that begins anew (a reloaded page) is another copy. */
export interface Copy {
  readonly name: string
  readonly events: readonly Event[]
  /** It reads still: in the end it must have everything. */
  readonly current: boolean
  /** It was told that the log went back behind what it had been shown. */
  readonly diverged?: boolean
}

/** A command that some client gave. `unknown`: nobody is left who waits for its answer. */
export interface Said {
  readonly id: string
  readonly type: 'create' | 'prompt' | 'update'
  readonly text?: string
  readonly outcome: 'acked' | 'refused' | 'unknown' | 'silence'
  /** Where it is, when it was acknowledged. */
  readonly seq?: number
}

/** How a socket ended that the server closed: what it said last, and the code. */
export interface Goodbye {
  readonly name: string
  readonly code: number
  /** Codes of the `bye` and `err` frames without a command or subscription. */
  readonly told: readonly string[]
}

/** Everything that happened to one session, as its clients and its disk tell it. */
export interface History {
  /** The log, read from the disk by a process that had nothing in memory. */
  readonly log: readonly Event[]
  readonly copies?: readonly Copy[]
  readonly said?: readonly Said[]
  /** After the faults stopped: ms until all was still, undefined when it never was; commands that wait in outboxes. */
  readonly calm?: { readonly ms: number | undefined; readonly waiting: number }
  readonly held?: { readonly before: Holding; readonly after: Holding }
  readonly goodbyes?: readonly Goodbye[]
  /** States that a wire gave, each standing for everything up to its `seq`. */
  readonly snapshots?: readonly SessionState[]
}

export type Rule = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9'
export interface Violation {
  readonly rule: Rule
  readonly what: string
}

/** Every invariant of reliability.md, literally. Empty when all hold. */
export const check = (history: History): readonly Violation[] =>
  rules.flatMap(([rule, find]) => [...find(history)].map((what) => ({ rule, what })))

type Find = (history: History) => Iterable<string>
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
const short = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 160)

/** Shown means durable, and identical. */
const i1: Find = function* ({ log, copies = [] }) {
  for (const { name, events, diverged = false } of copies) {
    if (diverged) yield `the log went back behind what ${name} was shown`
    const wrong = events.find((event) => !same(event, log[event.seq - 1]))
    if (wrong !== undefined) yield `${name} was shown ${short(wrong)}, stored is ${short(log[wrong.seq - 1])}`
  }
  yield* shownText(log)
}

/** The text of a final message is what its deltas showed, for as far as they did. */
const shownText = function* (log: readonly Event[]): Iterable<string> {
  const texts = new Map<string, string>()
  for (const event of log) {
    if (event.type === 'text') {
      const have = texts.get(event.mid) ?? ''
      if (event.offset > have.length) yield `a hole in ${event.mid} before ${event.seq}`
      texts.set(event.mid, (event.offset < have.length ? have.slice(0, event.offset) : have) + event.delta)
    }
    if (event.type === 'message' && event.final && texts.has(event.mid) && texts.get(event.mid) !== textOf(event.parts))
      yield `the text of ${event.mid} is not what was shown of it`
  }
}

/** Each reader's copy is a gap-free, duplicate-free prefix of the log. */
const i2: Find = function* ({ copies = [] }) {
  for (const { name, events } of copies) {
    const at = events.findIndex((event, index) => event.seq !== index + 1)
    if (at >= 0) yield `${name} has ${events[at]?.seq} where ${at + 1} belongs`
  }
}

const effect: Record<Said['type'], Type> = {
  create: 'session.created',
  prompt: 'prompt',
  update: 'session.updated',
}

/** An acknowledged command is in the log exactly once; one that was refused is not. */
const i3: Find = function* ({ log, said = [] }) {
  for (const { id, type, text, outcome, seq } of said) {
    const found = log.filter((event) => event.cause === id && event.type === effect[type])
    if (found.length > 1) yield `${type} ${id} is in the log ${found.length} times`
    if (outcome === 'acked' && found.length === 0) yield `${type} ${id} was acknowledged and is not in the log`
    if (outcome === 'refused' && found.length > 0) yield `${type} ${id} was refused and is in the log`
    const [event] = found
    if (event?.type === 'prompt' && event.text !== text) yield `prompt ${id} is in the log as ${short(event.text)}`
    if (seq !== undefined && event !== undefined && event.seq > seq) yield `${id} was acknowledged before it was there`
  }
}

/** Each started turn has exactly one end; each prompt runs at most once an attempt, and is ended. */
const i4: Find = function* ({ log }) {
  const attempts = new Map<string, number>()
  const prompts = new Set<string>()
  const ended = new Set<string>()
  let running: string | undefined
  for (const event of log) {
    if (event.type === 'prompt' && event.steer !== true) prompts.add(event.turn)
    if (event.type === 'turn.started') {
      const before = attempts.get(event.turn) ?? 0
      if (event.attempt !== before + 1) yield `attempt ${event.attempt} of ${event.turn} follows on ${before}`
      if (ended.has(event.turn)) yield `${event.turn} starts after its end`
      if (running !== undefined && running !== event.turn) yield `${event.turn} starts while ${running} runs`
      attempts.set(event.turn, event.attempt)
      running = event.turn
    } else if (event.type === 'turn.ended') {
      if (ended.has(event.turn)) yield `${event.turn} ends twice`
      ended.add(event.turn)
      if (running === event.turn) running = undefined
    } else if (event.by.startsWith('agent:') && running === undefined) yield `${event.type} ${event.seq} outside a turn`
  }
  for (const turn of new Set([...prompts, ...attempts.keys()])) if (!ended.has(turn)) yield `${turn} has no end`
}

/** ms after the last fault within which everybody has everything. */
export const calmWithin = 10_000

/** After the faults stop all readers equal the log, and the queues are empty. */
const i5: Find = function* ({ log, copies = [], calm }) {
  if (calm === undefined) return
  if (calm.ms === undefined || calm.ms > calmWithin) yield `it took ${calm.ms ?? 'for ever'} ms to become calm`
  if (calm.waiting > 0) yield `${calm.waiting} commands wait in outboxes`
  for (const { name, events, current } of copies)
    if (current && events.length !== log.length) yield `${name} has ${events.length} of ${log.length} events`
}

/** No append by a stale writer: terms rise by one, and a node writes only while it is the owner. */
const i6: Find = function* ({ log }) {
  let [term, owner, started] = [0, '', 0]
  for (const event of log) {
    if (event.type === 'turn.started') started = term
    if (event.by.startsWith('agent:') && started !== term)
      yield `${event.by} of term ${started} wrote ${event.seq} in ${term}`
    if (event.type === 'owner') {
      if (event.term !== term + 1) yield `term ${event.term} follows on ${term}`
      term = event.term
      owner = `node:${event.node}`
    } else if (event.by.startsWith('node:') && event.by !== owner)
      yield `${event.by} wrote ${event.seq} while ${owner} was the owner`
  }
}

/** How far from its base a process may be: bytes of memory, and a few descriptors and timers that come and go. */
export const slack = { rss: 64 * 1024 * 1024, heap: 12 * 1024 * 1024, fds: 4, timers: 4 }

const i7: Find = function* ({ held }) {
  if (held === undefined) return
  const { before, after } = held
  for (const what of ['rss', 'heap', 'fds', 'timers'] as const)
    if (after[what] > before[what] + slack[what]) yield `${what} went from ${before[what]} to ${after[what]}`
}

/** Failure is said: commands are answered, turns say why they broke off, sockets why they are closed. */
const i8: Find = function* ({ log, said = [], goodbyes = [] }) {
  for (const { id, outcome } of said) if (outcome === 'silence') yield `${id} was never answered`
  for (const event of log)
    if (event.type === 'turn.ended' && (event.outcome === 'failed' || event.outcome === 'interrupted'))
      if (event.code === undefined || event.message === undefined) yield `${event.turn} does not say why it ended`
  for (const { name, code, told } of goodbyes)
    if (code !== 1000 && told.length === 0) yield `${name} was closed with ${code} and nothing was said`
}

/** A snapshot and the tail after it give the whole. An agent's memory is not in what a reader is given. */
const i9: Find = function* ({ log, snapshots = [] }) {
  const { notes: _notes, ...whole } = foldSession(emptySession, log)
  for (const snapshot of snapshots) {
    const { notes: _own, ...both } = foldSession({ ...emptySession, ...snapshot }, log.slice(snapshot.seq))
    if (!isDeepStrictEqual(both, whole)) yield `the state at ${snapshot.seq} and what follows do not give the whole`
  }
}

const rules: readonly (readonly [Rule, Find])[] = [
  ['I1', i1],
  ['I2', i2],
  ['I3', i3],
  ['I4', i4],
  ['I5', i5],
  ['I6', i6],
  ['I7', i7],
  ['I8', i8],
  ['I9', i9],
]
