import type { Env } from '../core/ports.ts'
import { isMortal, stitch } from '../core/stream-places.ts'
import { appendStream } from '../core/stream-append.ts'
import { createStream } from '../core/stream-create.ts'
import { removeStream, touchStream } from '../core/stream-remove.ts'
import type { StreamTables } from '../core/stream-tables.ts'
import type { Producer, Stream, StreamRow, StreamStore } from '../core/streams.ts'
import { groupCommit, type CommitTimes } from './memory-commit.ts'
import { streamStore, type StreamStoreOptions } from './stream-store.ts'

interface Held {
  readonly stream: Stream
  readonly rows: StreamRow[]
  readonly producers: Map<string, Producer>
}

const memoryTables = () => {
  const held = new Map<number, Held>()
  const names = new Map<string, number>()
  let last = 0
  const key = ({ scope, path }: { readonly scope: string; readonly path: string }): string =>
    JSON.stringify([scope, path])
  const tables: StreamTables = {
    find: (name) => held.get(names.get(key(name)) ?? 0)?.stream,
    get: (id) => held.get(id)?.stream,
    insert: (fresh) => {
      const stream = { ...fresh, id: ++last }
      held.set(stream.id, { stream, rows: [], producers: new Map() })
      names.set(key(stream), stream.id)
      return stream
    },
    update: (stream) => {
      const one = held.get(stream.id)
      if (one !== undefined) held.set(stream.id, { ...one, stream })
    },
    delete: (id) => {
      const one = held.get(id)
      if (one !== undefined) names.delete(key(one.stream))
      held.delete(id)
    },
    producer: (id, producer) => held.get(id)?.producers.get(producer),
    setProducer: (id, producer) => held.get(id)?.producers.set(producer.id, producer),
    addRow: (id, row) => held.get(id)?.rows.push(row),
    rowAt: (id, position) => held.get(id)?.rows.find(({ start, end }) => start <= position && position < end),
  }
  return {
    tables,
    all: () => [...held.values()].map(({ stream }) => stream),
    rows: (id: number) => held.get(id)?.rows ?? [],
  }
}

/** The rows between two positions, up to about `max` bytes. */
const rowsBetween = (rows: readonly StreamRow[], from: number, to: number, max: number): readonly StreamRow[] => {
  const found: StreamRow[] = []
  let left = max
  for (let index = firstAfter(rows, from); left > 0; index++) {
    const row = rows[index]
    if (row === undefined || row.start >= to) break
    found.push(row)
    left -= row.data.length
  }
  return found
}

const firstAfter = (rows: readonly StreamRow[], from: number): number => {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle]?.end ?? 0) > from) high = middle
    else low = middle + 1
  }
  return low
}

export type MemoryStreamOptions = CommitTimes & Omit<StreamStoreOptions, 'env'> & { readonly env: Env }

/** Raw streams in memory, with the same commits as the memory journal: for tests. */
export const memoryStreams = (options: MemoryStreamOptions): StreamStore => {
  const { tables, all, rows } = memoryTables()
  const { commit } = groupCommit(options)
  const write = <T>(work: () => T): Promise<T> => commit(work, (result) => result)
  return streamStore(
    {
      epoch: 1,
      create: (name, request, now) => write(() => createStream(tables, name, request, now)),
      append: (name, request, now, alive) => write(() => appendStream(tables, name, request, now, alive)),
      remove: (id) => write(() => removeStream(tables, id)),
      touch: (id, now) => write(() => touchStream(tables, id, now)),
      find: async (name) => tables.find(name),
      read: async (id, from, max) => {
        const stream = tables.get(id)
        const between = (one: number, start: number, to: number, left: number) =>
          rowsBetween(rows(one), start, to, left)
        return stream && { stream, rows: stitch(stream, from, max, between) }
      },
      expiring: async () => all().filter(isMortal),
    },
    options,
  )
}
