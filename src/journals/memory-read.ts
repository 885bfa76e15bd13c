import { after as restOf } from '../core/batch.ts'
import { Failure } from '../core/failures.ts'
import type { Batch, Chunk, Journal, Listed, ListOptions } from '../core/ports.ts'
import type { MessageRow } from '../core/session.ts'
import type { Arrived } from './inbox.ts'
import { stored, type MemoryStore, type Stored } from './memory-store.ts'
import { isBusy } from './summary.ts'
import { matches } from './words.ts'

export const lineOf = (session: Stored): Listed => ({
  ...session.summary,
  updated_at: session.updated_at,
  head: session.head,
})

export const listSessions = (store: MemoryStore, options: ListOptions): readonly Listed[] => {
  const { limit = 100, busy = false, by, before } = options
  return [...store.sessions.values()]
    .map(lineOf)
    .filter((line) => !busy || isBusy(line))
    .filter((line) => by === undefined || line.by === by)
    .filter((line) => before === undefined || newer(before, line) < 0)
    .sort(newer)
    .slice(0, limit)
}

type SearchOptions = NonNullable<Parameters<Journal['search']>[1]>
type Position = { readonly updated_at: number; readonly id: string }
const newer = (a: Position, b: Position): number =>
  b.updated_at - a.updated_at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)

export const searchMessages = (store: MemoryStore, query: string, { limit = 50, by }: SearchOptions) => {
  const match = matches(query)
  return [...store.sessions]
    .filter(([, { summary }]) => by === undefined || summary.by === by)
    .flatMap(([session, { messages }]) => [...messages.values()].map(({ row, order }) => ({ session, row, order })))
    .filter(({ row }) => match(row.text))
    .sort((a, b) => b.order - a.order)
    .slice(0, limit)
    .map(({ session, row }) => ({ ...row, session }))
}

export const messageRows = (store: MemoryStore, session: string): readonly MessageRow[] =>
  [...stored(store, session).messages.values()].map(({ row }) => row).sort((a, b) => a.seq - b.seq)

export const readChunk = (store: MemoryStore, session: string, after: number, max: number): Chunk => {
  const { batches, head, floor } = stored(store, session)
  if (after < floor) throw new Failure('trimmed')
  const found: Batch[] = []
  let bytes = 0
  for (let index = firstAfter(batches, after); index < batches.length && bytes < max; index++) {
    const batch = batches[index] && restOf(batches[index] as Batch, after)
    if (batch === undefined) continue
    bytes += batch.json.length
    found.push(batch)
  }
  return { batches: found, head }
}

/** The index of the first batch that ends after `seq`. */
const firstAfter = (batches: readonly Batch[], seq: number): number => {
  let [low, high] = [0, batches.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((batches[middle]?.last ?? 0) > seq) high = middle
    else low = middle + 1
  }
  return low
}

export const pendingCommands = (store: MemoryStore, session: string, order: number): readonly Arrived[] =>
  [...(store.sessions.get(session)?.commands.values() ?? [])].flatMap((kept) =>
    kept.command !== undefined && kept.order > order ? [{ order: kept.order, command: kept.command }] : [],
  )
