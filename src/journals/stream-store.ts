import { Failure } from '../core/failures.ts'
import type { Env } from '../core/ports.ts'
import type {
  Appended,
  AppendStream,
  CreateStream,
  Mortal,
  Stream,
  StreamChunk,
  StreamName,
  StreamStore,
} from '../core/streams.ts'

/** What a store does for raw streams: the rules, in its transactions, and reads. Everything else is the same for all. */
export interface StreamEngine {
  readonly epoch: number
  create(name: StreamName, request: CreateStream, now: number): Promise<{ created: boolean; stream: Stream }>
  append(name: StreamName, request: AppendStream, now: number, alive: boolean): Promise<Appended | Mortal>
  remove(id: number): Promise<void>
  touch(id: number, now: number): Promise<void>
  find(name: StreamName): Promise<Stream | undefined>
  read(id: number, from: number, max: number): Promise<StreamChunk | undefined>
  /** Streams that may have expired, some at a time. */
  expiring(now: number): Promise<readonly Stream[]>
}

export interface StreamStoreOptions {
  readonly env: Pick<Env, 'now' | 'after'>
  /** ms between two searches for expired streams that nobody asked for. Default 60,000. */
  readonly sweepMs?: number
}

/** Raw streams on an engine: expiry and wake-ups. */
export const streamStore = (engine: StreamEngine, { env, sweepMs = 60_000 }: StreamStoreOptions): StreamStore => {
  const watchers = new Map<number, Set<() => void>>()
  /** When streams with a time to live were last used: later than what is written down, by less than a twentieth of it. */
  const used = new Map<number, number>()

  const wake = (id: number): void => {
    for (const call of watchers.get(id) ?? []) call()
  }
  const expired = ({ id, ttl, expires, touched, gone }: Stream): boolean => {
    if (gone || watchers.has(id)) return false
    if (expires !== undefined) return env.now() >= expires
    return ttl !== undefined && env.now() >= (used.get(id) ?? touched + ttl * 50) + ttl * 1000
  }
  const use = ({ id, ttl, touched }: Stream): void => {
    if (ttl === undefined) return
    const now = env.now()
    used.set(id, now)
    // A use that is not written down only shortens the life of an idle stream after a crash, so nobody waits for it.
    if (now - touched >= ttl * 50) engine.touch(id, now).catch(() => undefined)
  }
  const removed = async (id: number): Promise<void> => {
    await engine.remove(id)
    used.delete(id)
    wake(id)
  }
  /** The stream of a name unless its time is over. */
  const living = async (name: StreamName): Promise<Stream | undefined> => {
    const stream = await engine.find(name)
    if (stream === undefined || !expired(stream)) return stream
    await removed(stream.id)
    return engine.find(name)
  }
  const existing = async (name: StreamName): Promise<Stream> => {
    const stream = await living(name)
    if (stream === undefined) throw new Failure('not_found', 'No such stream')
    if (stream.gone) throw new Failure('gone')
    return stream
  }
  const append = async (name: StreamName, request: AppendStream): Promise<Appended> => {
    // Most streams never expire: for them one visit to the store is enough.
    const first = await engine.append(name, request, env.now(), false)
    if (first.outcome !== 'mortal') return first
    await existing(name)
    const second = await engine.append(name, request, env.now(), true)
    if (second.outcome === 'mortal') throw new Failure('internal')
    return second
  }

  let stop = (): void => {}
  const sweep = async (): Promise<void> => {
    for (const stream of await engine.expiring(env.now()))
      if (expired(stream)) await removed(stream.id)
      else if (watchers.has(stream.id)) use(stream)
  }
  const plan = (): void => {
    let cancelled = false
    const cancel = env.after(sweepMs, () => {
      void sweep()
        .catch(() => undefined)
        .then(() => (cancelled ? undefined : plan()))
    })
    stop = () => {
      cancelled = true
      cancel()
    }
  }
  plan()

  return {
    epoch: engine.epoch,
    create: async (name, request) => {
      await living(name)
      if (request.fork !== undefined) await living({ ...name, path: request.fork.path })
      const result = await engine.create(name, request, env.now())
      use(result.stream)
      return result
    },
    append: async (name, request) => {
      const result = await append(name, request)
      if (!('stream' in result)) return result
      use(result.stream)
      if (result.outcome === 'appended') wake(result.stream.id)
      return result
    },
    remove: async (name) => removed((await existing(name)).id),
    find: async (name, touch) => {
      const stream = await existing(name)
      if (touch) use(stream)
      return stream
    },
    read: async (id, from, max) => {
      const chunk = await engine.read(id, from, max)
      if (chunk === undefined || chunk.stream.gone) throw new Failure('not_found', 'The stream was deleted')
      return chunk
    },
    watch: (id, call) => {
      const calls = watchers.get(id) ?? new Set()
      const mine = () => call()
      watchers.set(id, calls.add(mine))
      return () => {
        calls.delete(mine)
        if (calls.size > 0 || watchers.get(id) !== calls) return
        watchers.delete(id)
        // Its readers kept it alive until now.
        if (used.has(id)) used.set(id, env.now())
      }
    },
    close: async () => stop(),
  }
}
