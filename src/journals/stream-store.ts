import { Failure } from '../core/failures.ts'
import type { Env } from '../core/ports.ts'
import type { StreamOperation, StreamOperations } from '../core/stream-rules.ts'
import type { ReadRow, Stream, StreamName, StreamRow, StreamStore } from '../core/streams.ts'

/** What a store does for raw streams; everything else is the same for all of them. */
export interface StreamEngine {
  readonly epoch: number
  /** Runs an operation of the rules in a transaction; resolves with its result once it is durable. */
  write<T extends StreamOperation>(
    operation: T,
    args: Parameters<StreamOperations[T]>[1],
  ): Promise<ReturnType<StreamOperations[T]>>
  find(name: StreamName): Stream | undefined
  get(id: number): Stream | undefined
  /** The appends of one stream that lie between two positions, in order, until there are about `max` bytes; at least one if there is one. */
  rows(id: number, from: number, to: number, max: number): readonly StreamRow[]
  /** Streams that may have expired. */
  expiring(now: number): readonly Stream[]
  close(): Promise<void>
}

export interface StreamStoreOptions {
  readonly env: Pick<Env, 'now' | 'after'>
  /** ms between two searches for expired streams that nobody asked for. Default 60,000. */
  readonly sweepMs?: number
}

/** Raw streams on an engine: expiry, wake-ups and reading across forks. */
export const streamStore = (engine: StreamEngine, { env, sweepMs = 60_000 }: StreamStoreOptions): StreamStore => {
  const watchers = new Map<number, Set<() => void>>()
  /** When streams with a time to live were last used: later than what is written down, by less than a twentieth of it. */
  const used = new Map<number, number>()

  const wake = (id: number): void => {
    for (const call of watchers.get(id) ?? []) call()
  }
  const expired = ({ id, ttl, expires, touched, gone }: Stream): boolean => {
    const now = env.now()
    if (gone || watchers.has(id)) return false
    if (expires !== undefined) return now >= expires
    return ttl !== undefined && now >= lastUse(id, touched, ttl) + ttl * 1000
  }
  const lastUse = (id: number, touched: number, ttl: number): number => used.get(id) ?? touched + ttl * 50
  const use = ({ id, ttl, touched }: Stream): void => {
    if (ttl === undefined) return
    const now = env.now()
    used.set(id, now)
    // A use that is not written down only shortens the life of an idle stream after a crash, so nobody waits for it.
    if (now - touched >= ttl * 50) engine.write('touch', { id, now }).catch(() => undefined)
  }
  const removed = async (id: number): Promise<void> => {
    await engine.write('remove', { id })
    used.delete(id)
    wake(id)
  }
  /** The stream of a name unless its time is over. */
  const living = async (name: StreamName): Promise<Stream | undefined> => {
    const stream = engine.find(name)
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
  const sweep = async (): Promise<void> => {
    for (const stream of engine.expiring(env.now())) if (expired(stream)) await removed(stream.id)
  }
  let stop = (): void => {}
  const plan = (): void => {
    stop = env.after(
      sweepMs,
      () =>
        void sweep()
          .catch(() => undefined)
          .then(plan),
    )
  }
  plan()

  return {
    epoch: engine.epoch,
    create: async (name, request) => {
      await living(name)
      if (request.fork !== undefined) await living({ ...name, path: request.fork.path })
      const result = await engine.write('create', { name, request, now: env.now() })
      use(result.stream)
      return result
    },
    append: async (name, request) => {
      await existing(name)
      const result = await engine.write('append', { name, request, now: env.now() })
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
      const stream = engine.get(id)
      if (stream === undefined || stream.gone) throw new Failure('not_found', 'The stream was deleted')
      return { stream, rows: readRows(engine, stream, from, max) }
    },
    watch: (id, call) => {
      const calls = watchers.get(id) ?? new Set()
      watchers.set(id, calls.add(call))
      return () => {
        calls.delete(call)
        if (calls.size > 0 || watchers.get(id) !== calls) return
        watchers.delete(id)
        const stream = engine.get(id)
        if (stream !== undefined) use(stream)
      }
    },
    close: () => {
      stop()
      return engine.close()
    },
  }
}

/** What is inherited comes from the streams that wrote it, each up to where the next one begins. */
const readRows = (engine: StreamEngine, stream: Stream, from: number, max: number): readonly ReadRow[] => {
  const found: ReadRow[] = []
  let at = from
  let left = max
  for (const { id, to } of [...stream.inherited, { id: stream.id, to: stream.tail }]) {
    if (at >= to || left <= 0) continue
    for (const row of engine.rows(id, at, to, left)) {
      found.push({ ...row, to: Math.min(row.end, to) })
      left -= row.data.length
      at = Math.min(row.end, to)
    }
  }
  return found
}
