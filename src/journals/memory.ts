import { Failure } from '../core/failures.ts'
import type { Env, Journal, Lease } from '../core/ports.ts'
import { readInbox } from './inbox.ts'
import { groupCommit } from './memory-commit.ts'
import { memoryNode, type Held } from './memory-node.ts'
import { lineOf, listSessions, messageRows, pendingCommands, readChunk, searchMessages } from './memory-read.ts'
import { keepCommand, stored, takeSession, trimSession, writeBatch, type MemoryStore } from './memory-store.ts'

export { memoryStore, type MemoryStore } from './memory-store.ts'

export interface MemoryOptions {
  readonly env: Env
  /** This node's name: a node may take over from its former self at once. Default `memory`. */
  readonly node?: string
  /** ms without a heartbeat after which other nodes may take this node's sessions. Default 10,000. */
  readonly ttl?: number
  /** ms from the start of a commit until it is in the store. Default 0. */
  readonly commitDelay?: () => number
  /** ms from then until this node knows; a crash in between leaves rows that nobody acknowledged. Default 0. */
  readonly ackDelay?: () => number
  /** ms until another node hears of a commit or a command; undefined: only by looking (a third of `ttl`, 2 s for commands). Default 0. */
  readonly wakeDelay?: () => number | undefined
  /** Rules to break, so that a test can show that it would notice. */
  readonly broken?: { readonly fence?: boolean; readonly leases?: boolean; readonly dedupe?: boolean }
}

/** A journal that can die: what it had not committed is gone, its calls never return, its leases run out. */
export type MemoryJournal = Journal & { crash(): void }

/** The journal of tests and of the simulator: one node over a store in memory. No clock and no chance but `env`. */
export const memoryJournal = (store: MemoryStore, options: MemoryOptions): MemoryJournal => {
  const { env, node = 'memory', ttl = 10_000, wakeDelay = () => 0, broken = {} } = options
  const { commit: enqueue, stop, drained } = groupCommit(options)
  const me = memoryNode(store, { env, node, ttl, wakeDelay, trusting: broken.fence === true })
  let closed = false

  const commit = <T, R>(work: () => T, after: (result: T) => R): Promise<R> =>
    closed ? Promise.reject(new Failure('draining')) : enqueue(work, after)

  /** Work that only the newest lease may do. */
  const fenced = async <T, R>(lease: Lease, work: () => T, after: (result: T) => R): Promise<R> => {
    me.stepDown()
    return commit(() => {
      if (broken.fence !== true && (lease.lost.aborted || !me.isNewest(lease))) {
        me.lose(lease)
        throw new Failure('moved')
      }
      return work()
    }, after)
  }

  const leaseOf = (session: string, term: number, held: Held): Lease => {
    const lease: Lease = {
      session,
      term,
      get head() {
        return held.head
      },
      lost: held.lost.signal,
      release: () =>
        commit(
          () => {
            const one = store.sessions.get(session)
            if (one !== undefined && me.isNewest(lease)) one.owner = undefined
          },
          () => me.lose(lease),
        ),
    }
    return lease
  }

  return {
    epoch: store.epoch,
    claim: (session, options) =>
      commit(
        () => takeSession(store, session, node, options, broken.leases === true),
        ({ term, batch }) => {
          for (const lease of me.held.keys()) if (lease.session === session) me.lose(lease)
          const held: Held = { head: batch.last, writing: false, lost: new AbortController() }
          const lease = leaseOf(session, term, held)
          me.held.set(lease, held)
          me.tell({ session, batch, inbox: false })
          return lease
        },
      ),
    append: async (lease, said, along = {}) => {
      const held = me.held.get(lease)
      if (held === undefined) throw new Failure('moved')
      if (held.writing) throw new Failure('conflict', 'One append of a lease at a time')
      held.writing = true
      try {
        return await fenced(
          lease,
          () =>
            writeBatch(
              store,
              stored(store, lease.session),
              said,
              broken.dedupe === true ? { ...along, done: [] } : along,
            ),
          ({ batch, events }) => {
            if (events.length === 0) return events
            held.head = batch.last
            me.tell({ session: lease.session, batch, inbox: false })
            return events
          },
        )
      } finally {
        held.writing = false
      }
    },
    read: async (session, after, max = 256 * 1024) => readChunk(store, session, after, max),
    watch: me.watch,
    head: async (session) => {
      const one = stored(store, session)
      return { ...lineOf(one), floor: one.floor }
    },
    checkpoint: async (session) => stored(store, session).checkpoint,
    send: (command, hash) =>
      commit(
        () => keepCommand(store, command, hash, broken.dedupe === true),
        (kept) => {
          me.tell({ session: command.session, batch: undefined, inbox: true })
          return kept
        },
      ),
    inbox: (lease, signal) =>
      readInbox(
        lease,
        { pending: async (order) => pendingCommands(store, lease.session, order), listen: me.listen },
        signal,
      ),
    seen: async (session, id) => {
      const known = stored(store, session).commands.get(id)
      return known && { id, hash: known.hash, seq: known.seq, ...(known.refused && { refused: known.refused }) }
    },
    list: async (options = {}) => listSessions(store, options),
    search: async (query, options = {}) => searchMessages(store, query, options),
    messages: async (session) => messageRows(store, session),
    trim: (lease, state) =>
      fenced(
        lease,
        () => trimSession(stored(store, lease.session), state),
        () => {},
      ),
    remove: (lease) =>
      fenced(
        lease,
        () => store.sessions.delete(lease.session),
        () => {
          me.lose(lease)
          me.tell({ session: lease.session, batch: undefined, inbox: false })
        },
      ),
    close: async () => {
      closed = true
      await drained()
      for (const lease of me.end(true)) me.lose(lease)
    },
    crash: () => {
      closed = true
      stop()
      for (const lease of me.end(false)) me.lose(lease)
    },
  }
}
