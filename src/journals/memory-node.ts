import { Failure } from '../core/failures.ts'
import type { Batch, Env, Lease } from '../core/ports.ts'
import type { Change, MemoryStore } from './memory-store.ts'
import { watchers } from './watchers.ts'

export interface NodeOptions {
  readonly env: Env
  readonly node: string
  readonly ttl: number
  readonly wakeDelay: () => number | undefined
  /** Breaks the rule that a node doubts its leases. */
  readonly trusting: boolean
}

/** A lease as its own node sees it. */
export interface Held {
  head: number
  writing: boolean
  readonly lost: AbortController
}

/** What a living node does besides committing: it renews, steps down, hears of changes and tells others. */
export const memoryNode = (store: MemoryStore, { env, node, ttl, wakeDelay, trusting }: NodeOptions) => {
  const held = new Map<Lease, Held>()
  const watching = watchers()
  const inboxes = new Set<() => void>()
  /** The heads that this node's watchers know of. */
  const heard = new Map<string, number>()
  let renewed = env.monotonic()
  let alive = true
  let cancelBeat = () => {}

  const lose = (lease: Lease) => {
    held.get(lease)?.lost.abort(new Failure('moved'))
    held.delete(lease)
  }
  const isNewest = (lease: Lease) => trusting || store.sessions.get(lease.session)?.term === lease.term
  /** A node that could not renew for two thirds of its time trusts its own leases no longer. */
  const stepDown = () => {
    if (trusting || env.monotonic() - renewed <= (ttl * 2) / 3) return
    for (const lease of held.keys()) {
      const session = store.sessions.get(lease.session)
      // Others may have it: this node goes on living, so they would wait for it in vain.
      if (session !== undefined && isNewest(lease)) session.owner = undefined
      lose(lease)
    }
  }
  const headOf = (session: string) => store.sessions.get(session)?.head ?? 0
  /** Wake-ups get lost, and who commits may die before it tells anybody: so a node looks for itself. */
  const look = () => {
    for (const [session, head] of heard)
      if (!watching.has(session)) heard.delete(session)
      else if (headOf(session) > head) {
        heard.set(session, headOf(session))
        watching.tell(session, undefined)
      }
  }
  const beat = () => {
    stepDown()
    for (const lease of held.keys()) if (!isNewest(lease)) lose(lease)
    store.nodes.set(node, store.now() + ttl)
    renewed = env.monotonic()
    look()
    cancelBeat = env.after(ttl / 3, beat)
  }
  const hear = ({ session, batch, inbox }: Change, from: string) => {
    const tell = () => {
      if (!alive) return
      if (inbox) for (const wake of inboxes) wake()
      else {
        heard.set(session, headOf(session))
        watching.tell(session, from === node ? batch : undefined)
      }
    }
    const delay = from === node ? 0 : wakeDelay()
    if (delay === 0) tell()
    else if (delay !== undefined) env.after(delay, tell)
  }

  // What a former self held would be kept from all others for as long as this one lives, and served by none.
  for (const one of store.sessions.values()) if (one.owner === node) one.owner = undefined
  store.listeners.add(hear)
  beat()

  return {
    held,
    lose,
    isNewest,
    stepDown,
    tell: (change: Change) => {
      for (const listener of store.listeners) listener(change, node)
    },
    watch: (session: string, wake: (batch: Batch | undefined) => void) => {
      if (!watching.has(session)) heard.set(session, headOf(session))
      return watching.watch(session, wake)
    },
    /** Wakes at each command that arrives anywhere, and every 2 s in case that was not heard. */
    listen: (wake: () => void) => {
      inboxes.add(wake)
      let cancel = () => {}
      const poll = () => {
        cancel = env.after(2000, poll)
        wake()
      }
      cancel = env.after(2000, poll)
      return () => {
        inboxes.delete(wake)
        cancel()
      }
    },
    /** `leave` says goodbye, so that others may take over at once; a crash does not. */
    end: (leave: boolean) => {
      alive = false
      cancelBeat()
      store.listeners.delete(hear)
      if (leave) store.nodes.delete(node)
      return [...held.keys()]
    },
  }
}
