import { place } from '../core/batch.ts'
import type { Said } from '../core/events.ts'
import { Failure, toFailure } from '../core/failures.ts'
import { foldSession } from '../core/fold.ts'
import type { Command, Done, Lease } from '../core/ports.ts'
import { emptySession, type SessionState, summarize } from '../core/session.ts'
import { lostEnd, stoppedEnd } from './ending.ts'
import { type Hosted, hosted, type HostedOptions } from './hosted.ts'
import { load } from './load.ts'

export interface HostOptions extends Omit<HostedOptions, 'draining'> {
  /** ms after which a session that nobody uses is let go. Default 5 minutes. */
  readonly idleMs?: number
  /** Decides a command that came through the inbox. */
  readonly receive: (command: Command) => Promise<void>
}

/** The sessions this node owns: claimed when first needed, let go when idle. */
export interface Host {
  readonly get: (session: string) => Promise<Hosted>
  /** Claims a new session with these events in its first commit. @throws Failure `conflict` when it exists */
  readonly create: (session: string, opening: readonly Said[], done: (seq: number) => Done) => Promise<Hosted>
  /** The state of a session that is owned here. */
  readonly peek: (session: string) => SessionState | undefined
  readonly all: () => readonly Hosted[]
  /** Lets a session go, with its lease. With `ifIdle` not when something has begun meanwhile. */
  readonly release: (session: string, ifIdle?: boolean) => Promise<void>
  /** Lets running turns end for `graceMs`, then ends them as interrupted; those that can be resumed are put aside. Nothing is started any more. */
  readonly drain: (graceMs: number) => Promise<void>
  readonly close: () => Promise<void>
}

interface Entry {
  readonly hosted: Hosted
  readonly stop: AbortController
}

export const host = (options: HostOptions): Host => {
  const { journal, env, node, idleMs = 300_000, onBug } = options
  const opening = new Map<string, Promise<Hosted>>()
  const creating = new Map<string, Promise<Hosted>>()
  const entries = new Map<string, Entry>()
  let draining = false

  const adopt = (lease: Lease, state: SessionState): Hosted => {
    const entry: Entry = {
      hosted: hosted({ ...options, draining: () => draining }, lease, state),
      stop: new AbortController(),
    }
    entries.set(lease.session, entry)
    lease.lost.addEventListener('abort', () => forget(lease.session, entry), { once: true })
    receive(lease, entry.stop.signal).catch(onBug)
    return entry.hosted
  }

  const receive = async (lease: Lease, signal: AbortSignal): Promise<void> => {
    for await (const command of journal.inbox(lease, signal)) await options.receive(command).catch(onBug)
  }

  const forget = (session: string, entry: Entry): void => {
    if (entries.get(session) !== entry) return
    entries.delete(session)
    opening.delete(session)
    entry.stop.abort()
    void entry.hosted.stop(lostEnd)
  }

  const open = async (session: string): Promise<Hosted> => {
    const lease = await journal.claim(session, { node, at: env.now() })
    const mine = adopt(lease, await load(journal, session))
    await mine.recover()
    return mine
  }

  const remember = (session: string, promise: Promise<Hosted>): Promise<Hosted> => {
    opening.set(session, promise)
    promise.catch(() => opening.get(session) === promise && opening.delete(session))
    return promise
  }

  const isIdle = ({ hosted: { busy, owner } }: Entry): boolean => !busy() && owner.state().running === null

  const release = async (session: string, ifIdle = false): Promise<void> => {
    const entry = entries.get(session)
    if (entry === undefined) return
    await entry.hosted.owner.idle()
    if (ifIdle && !isIdle(entry)) return
    forget(session, entry)
    await entry.hosted.owner.lease.release()
  }

  /** Memory follows use: what is idle is let go. */
  const sweep = (): void => {
    const limit = env.monotonic() - idleMs
    for (const [session, entry] of entries)
      if (isIdle(entry) && entry.hosted.used() < limit) release(session, true).catch(onBug)
    cancelSweep = env.after(idleMs / 5, sweep)
  }
  let cancelSweep = env.after(idleMs / 5, sweep)

  const running = () => [...entries.values()].map((entry) => entry.hosted.over())

  return {
    get: async (session) => {
      // That it could not be created says nothing to who wants it as it is.
      await creating.get(session)?.catch(() => undefined)
      return opening.get(session) ?? remember(session, open(session))
    },
    create: async (session, first, done) => {
      await (creating.get(session) ?? opening.get(session))?.catch(() => undefined)
      // What is served here stays where it is: another claim would take it from its own running turn.
      if (creating.has(session) || opening.has(session)) throw new Failure('conflict', 'The session exists')
      const at = env.now()
      const state = foldSession(
        emptySession,
        place([{ type: 'owner', by: `node:${node}`, at, node, term: 1 }, ...first], 0),
      )
      const claim = { node, at, create: true, opening: first, summary: summarize(state), done: [done(state.seq)] }
      const created = journal
        .claim(session, claim)
        .then((lease) => {
          const mine = adopt(lease, state)
          opening.set(session, Promise.resolve(mine))
          return mine
        })
        .finally(() => creating.delete(session))
      creating.set(session, created)
      return created
    },
    peek: (session) => entries.get(session)?.hosted.owner.state(),
    all: () => [...entries.values()].map((entry) => entry.hosted),
    release,
    drain: async (graceMs) => {
      draining = true
      // A question may wait for days: its turn goes on where it is answered.
      await Promise.all([...entries.values()].map((entry) => entry.hosted.suspend()))
      let cancel = (): void => undefined
      const late = new Promise<void>((resolve) => (cancel = env.after(graceMs, resolve)))
      await Promise.race([Promise.all(running()), late])
      cancel()
      await Promise.all([...entries.values()].map((entry) => entry.hosted.stop(stoppedEnd)))
    },
    close: async () => {
      cancelSweep()
      await Promise.allSettled([...creating.values(), ...opening.values()])
      // What was on its way to the journal when the drain began may have started another turn.
      await Promise.all(
        [...entries.values()].map(({ hosted }) => hosted.owner.idle().then(() => hosted.stop(stoppedEnd))),
      )
      await Promise.all(
        [...entries.keys()].map((session) => release(session).catch((error: unknown) => onBug(toFailure(error)))),
      )
    },
  }
}
