import type { CommandData, CommandType } from '../core/commands.ts'
import { ClientError } from './error.ts'
import { abortable, abortError, check, sleep } from './abort.ts'
import { dialHttp } from './http.ts'
import type { Fetch, Http } from './http-call.ts'
import { randomId, uuid } from './id.ts'
import { allRungs, type Rung } from './ladder.ts'
import { guard, observe, type Observable } from './observable.ts'
import { isRemovable, waiting, type Outbox } from './outbox.ts'
import { watchPage } from './page.ts'
import { newReader, type Reader, type ReaderOptions, type Told } from './reader.ts'
import { startRuntime, systemClientEnv, type ClientEnv } from './runtime.ts'
import { openSession, type Follower, type Following, type Session } from './session.ts'
import { dialSocket, type SocketClass } from './socket.ts'
import { same, statusOf, type Status } from './status.ts'
import type { Store } from './store.ts'
import { defaultStore } from './store-default.ts'

export interface ClientOptions {
  /** Where the gateway is, `http(s):` or `ws(s):`. Default: where the page came from. */
  readonly url?: string
  /** A key, for programs. A page uses its cookie, or `ticket`: a key in a page is a key given away. */
  readonly key?: string
  /** Gets a new ticket, for pages of another origin. They have the WebSocket only: a ticket opens nothing else. */
  readonly ticket?: () => Promise<string>
  /** What the server's log calls this client. */
  readonly name?: string
  readonly WebSocket?: SocketClass
  readonly fetch?: Fetch
  /** Where the outbox survives. Default: IndexedDB in a browser, else memory; `holdfast/client/node` has a folder. */
  readonly storage?: Store
  readonly env?: Partial<ClientEnv>
  /** Retries before it stays disconnected until `reconnect()`, the network or the page come back. Default: for ever. */
  readonly maxRetries?: number
  /** The ways that may be used, best first. Default: WebSocket, SSE, long-poll, as far as the platform has them. */
  readonly transports?: readonly Rung[]
  /** Gets what a listener of yours threw, and failures of the storage. Default: `console.error`. */
  readonly onBug?: (error: unknown) => void
}

/** The server has it, durably. `cursor`: where; `dup`: it had it before. */
export interface Ack {
  readonly id: string
  readonly cursor: string
  readonly dup: boolean
}
export interface SendOptions {
  /** The command's own id, when it was made before. The same id never has a second effect. */
  readonly id?: string
  /** The head you saw: `conflict` when the session has moved on. */
  readonly expect?: string
  /** Stops waiting, and takes the command back if it never left. */
  readonly signal?: AbortSignal
}
export interface FollowOptions extends ReaderOptions {
  readonly signal?: AbortSignal
}

export interface Client {
  /** Resolves when the server has said welcome. @throws ClientError when it refuses, or retries are used up */
  connect(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Closes the connection. What is not acknowledged stays in the outbox; `saved` says when it is safe to exit. */
  disconnect(): void
  /** Now, instead of at the next retry; also out of `error` and `disconnected`. */
  reconnect(): void
  /** Proves that the connection lives: call it when an app comes to the front where there is no document. */
  check(): void
  /**
   * Resolves once the server has it, durably; waits for a connection as long as it takes.
   * @throws ClientError `queue_full` when 100 commands wait already, or the server's final refusal
   */
  send<T extends CommandType>(session: string, type: T, data: CommandData<T>, options?: SendOptions): Promise<Ack>
  /** Follows a session's events: each once, in order, over all reconnects. Returns how to stop. */
  subscribe(
    session: string,
    listener: (told: Told, reader: Reader, bytes: number) => void,
    options?: FollowOptions,
  ): () => void
  /** Calls back with each change of the status, and at once. Returns how to stop. */
  onState(listener: (status: Status) => void): () => void
  readonly status: Observable<Status>
  /** What is said but not acknowledged, oldest first. */
  readonly outbox: Observable<Outbox>
  /** Takes back a command that never left, or puts away one that was refused. False when it is on its way, or gone. */
  discard(id: string): boolean
  /** Resolves when the outbox is in its store as it is now: wait for it before a process exits. */
  saved(): Promise<unknown>
  /** A session that exists. */
  session(id: string): Session
  /** A new session; works offline. */
  create(settings?: CommandData<'create'>): Session
}

interface Waiter {
  readonly resolve: (ack: Ack) => void
  readonly reject: (error: unknown) => void
}

/** A client of one gateway: one connection, any number of sessions. Nothing happens before `connect()`. */
export const createClient = (options: ClientOptions = {}): Client => {
  const platform = globalThis as unknown as { WebSocket?: SocketClass; fetch?: Fetch; location?: { origin: string } }
  const { key, ticket, WebSocket = platform.WebSocket, onBug = (error: unknown) => console.error(error) } = options
  const env: ClientEnv = { ...systemClientEnv, ...options.env }
  const base = baseOf(options.url ?? platform.location?.origin ?? '')
  const store = options.storage ?? defaultStore(base, randomId())
  const http: Http = {
    base,
    fetch: options.fetch ?? fetch,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    after: env.after,
  }
  const possible = (rung: Rung): boolean => (rung === 'websocket' ? WebSocket !== undefined : ticket === undefined)
  const rungs = (options.transports ?? allRungs).filter(possible)
  const waiters = new Map<string, Set<Waiter>>()
  const followers = new Map<string, Follower>()
  const sessions = new Map<string, Session>()
  /** Ids of commands this client has had. */
  const known = new Set<string>()
  let [count, wanted, last, shift] = [0, 0, 0, env.now() - env.monotonic()]
  let unwatch = (): void => {}

  const runtime = startRuntime({
    link: {
      rungs,
      renews: ticket !== undefined,
      maxRetries: options.maxRetries ?? Infinity,
    },
    env,
    store,
    name: options.name ?? 'holdfast',
    dial: (rung, hear) =>
      rung === 'websocket' && WebSocket !== undefined
        ? dialSocket(WebSocket, `${base}v1/socket`.replace(/^http/, 'ws'), hear)
        : dialHttp(http, rung === 'sse' ? 'sse' : 'long-poll', hear),
    credential: async () => ticket?.() ?? key,
    tell: (effect) => {
      switch (effect.type) {
        case 'acked':
          return settle(effect.id, (waiter) =>
            waiter.resolve({ id: effect.id, cursor: effect.cursor, dup: effect.dup }),
          )
        case 'refused':
          return settle(effect.id, (waiter) => waiter.reject(new ClientError(effect.error)))
        case 'discarded':
          return settle(effect.id, (waiter) => waiter.reject(abortError()))
        case 'told': {
          const reader = runtime.machine().readers.get(effect.key)
          if (reader !== undefined) followers.get(effect.key)?.told?.(effect.told, reader, effect.bytes)
          return
        }
        default:
      }
    },
    changed: (machine) => {
      // The wall clock may be set; small drifts would only make the numbers flicker.
      const exact = env.now() - env.monotonic()
      if (Math.abs(exact - shift) > 1000) shift = exact
      const next = statusOf(machine.link, waiting(machine.outbox), shift)
      if (!same(next, status.get())) status.set(next)
      outbox.set(machine.outbox)
      for (const [key, follower] of followers) {
        const reader = machine.readers.get(key)
        if (reader !== undefined) guard(() => follower.view?.(reader), onBug)
      }
    },
    onBug,
  })
  const { dispatch } = runtime
  const status = observe(statusOf(runtime.machine().link, 0, shift), onBug)
  const outbox = observe<Outbox>([], onBug)

  const settle = (id: string, how: (waiter: Waiter) => void): void => {
    const set = waiters.get(id) ?? []
    waiters.delete(id)
    for (const waiter of set) how(waiter)
  }

  /** Takes over what pages or processes that are gone have left; a store that hangs holds nothing up. */
  const adopt = async (): Promise<void> => {
    const loading = store.load().then((all) => {
      // What this client had before is in the box, or done with: a slow store must not bring it back.
      const entries = all.filter((entry) => !known.has(entry.id))
      for (const { id } of entries) known.add(id)
      dispatch({ type: 'adopt', entries })
    })
    const late = new AbortController()
    await Promise.race([loading.catch(onBug), sleep(env.after, 1000, late.signal).catch(() => {})])
    late.abort()
  }

  const connected = (signal?: AbortSignal): Promise<void> =>
    abortable(signal, (resolve, reject) => {
      const look = ({ state, error, nextRetryAt, offline }: Status): void => {
        if (state === 'connected') resolve()
        else if (state === 'error' && error !== null) reject(new ClientError(error))
        else if (state === 'disconnected' && nextRetryAt === null && !offline) reject(noMore())
      }
      return client.onState(look)
    })

  const follow = (reader: Reader, follower: Follower): Following => {
    count += 1
    const key = String(count)
    followers.set(key, follower)
    dispatch({ type: 'follow', key, reader })
    return {
      stop: () => {
        followers.delete(key)
        dispatch({ type: 'unfollow', key })
      },
      pause: () => dispatch({ type: 'pause', key }),
      resume: () => dispatch({ type: 'resume', key }),
    }
  }

  const client: Client = {
    connect: async ({ signal } = {}) => {
      check(signal)
      wanted += 1
      const ours = wanted
      unwatch()
      unwatch = watchPage({
        look: () => {
          dispatch({ type: 'look' })
          void adopt()
        },
        online: (online) => dispatch({ type: 'online', online }),
      })
      await adopt()
      // Disconnected meanwhile.
      if (ours !== wanted) throw noMore()
      dispatch({ type: 'connect' })
      await connected(signal)
    },
    disconnect: () => {
      wanted += 1
      unwatch()
      dispatch({ type: 'disconnect' })
    },
    reconnect: () => dispatch({ type: 'retry' }),
    check: () => dispatch({ type: 'look' }),
    send: (session, type, data, { id = uuid(env.now()), expect, signal } = {}) =>
      abortable(signal, (resolve, reject) => {
        const waiter = { resolve, reject }
        // Never the same twice: a store gives entries back by time.
        last = Math.max(env.now(), last + 1)
        const others = waiters.get(id) ?? new Set()
        known.add(id)
        waiters.set(id, others.add(waiter))
        dispatch({
          type: 'send',
          entry: { id, session, type, data, expect, at: last },
        })
        return () => {
          others.delete(waiter)
          if (signal?.aborted === true) client.discard(id)
        }
      }),
    subscribe: (session, listener, { signal, ...reader } = {}) => {
      const following = follow(newReader(session, reader), { told: listener })
      signal?.addEventListener('abort', following.stop)
      if (signal?.aborted === true) following.stop()
      return following.stop
    },
    onState: (listener) => {
      const stop = status.subscribe(listener)
      listener(status.get())
      return stop
    },
    status,
    outbox,
    discard: (id) => {
      const slot = outbox.get().find((one) => one.id === id)
      if (slot === undefined || !isRemovable(slot)) return false
      dispatch({ type: 'discard', id })
      return true
    },
    saved: runtime.saved,
    session: (id) => {
      const known = sessions.get(id)
      const session = known ?? openSession({ id, send: client.send, follow, http, env, onBug })
      if (known === undefined) sessions.set(id, session)
      return session
    },
    create: (settings = {}) => {
      const id = randomId()
      // Refused or not, it is told in the outbox; nobody has to wait for it.
      client.send(id, 'create', settings).catch(() => {})
      return client.session(id)
    },
  }
  return client
}

/** The wait for a connection was given up here. */
const noMore = (): ClientError => new ClientError({ code: 'shutdown', message: 'Disconnected', retryable: true })

/** The address of the gateway, with a slash at the end, so that it may live under a path. By hand: React Native's URL is a part of one. */
const baseOf = (url: string): string =>
  url
    .replace(/^ws/, 'http')
    .replace(/[?#].*$/, '')
    .replace(/\/*$/, '/')
