import { place } from '../../core/batch.ts'
import type { Event } from '../../core/events.ts'
import type { Along, Batch, ClaimOptions, Done, Journal, Listed } from '../../core/ports.ts'
import { messageRow, type MessageRow, type Summary } from '../../core/session.ts'
import { toJson } from '../encode.ts'
import { bareSummary, isBusy } from '../summary.ts'
import { flatMessage } from './message-writer.ts'
import type { Plain, WriteTable } from './operations.ts'
import type { FlatDone } from './command-writer.ts'
import type { FlatLine } from './session-operations.ts'

/** The port's values as they cross between threads, and back. */

const flatDone = (done: readonly Done[] = []): readonly FlatDone[] => done.map(({ id, hash, seq }) => [id, hash, seq])
const flatLine = (summary: Summary | undefined): FlatLine | null =>
  summary === undefined ? null : [summary.by, isBusy(summary) ? 1 : 0, toJson(summary)]
const flatMessages = (events: readonly Event[]) => events.flatMap((event) => messageRow(event) ?? []).map(flatMessage)

/** The writer alone knows the term and the head, so the owner event is cut open at its term, and no event has its seq. */
export const claimArgs = (session: string, options: ClaimOptions): Parameters<WriteTable['claim']> => {
  const { node, at, note, create = false, opening = [], summary, done } = options
  const owner = toJson({ type: 'owner', term: 0, node, ...(note !== undefined && { note }), by: `node:${node}`, at })
  const cut = '{"type":"owner","term":'.length
  const bare = bareSummary(session, options)
  return [
    session,
    create ? 1 : 0,
    [owner.slice(0, cut), owner.slice(cut + 1)],
    opening.map(toJson),
    opening.at(-1)?.at ?? at,
    bare.by,
    toJson(bare),
    flatLine(summary),
    flatDone(done),
    flatMessages(place(opening, 1)),
  ]
}

export const appendArgs = (
  lease: { readonly session: string; readonly id: number; readonly term: number },
  batch: Batch,
  events: readonly Event[],
  along: Along,
): Parameters<WriteTable['append']> => [
  lease.session,
  lease.id,
  lease.term,
  batch.first,
  batch.last,
  events.at(-1)?.at ?? 0,
  batch.json,
  flatLine(along.summary),
  flatDone(along.done),
  flatMessages(events),
]

const groups = (flat: readonly Plain[], size: number): readonly (readonly Plain[])[] =>
  Array.from({ length: flat.length / size }, (_, index) => flat.slice(index * size, (index + 1) * size))

export const toListed = (answer: Plain): { readonly lines: readonly Listed[]; readonly unreadable: number } => {
  const [unreadable, ...lines] = answer as readonly [number, ...Plain[]]
  return {
    unreadable,
    lines: groups(lines, 3).map(([summary, updated, head]) => ({
      ...(JSON.parse(summary as string) as Summary),
      updated_at: updated as number,
      head: head as number,
    })),
  }
}

type Found = Awaited<ReturnType<Journal['search']>>
export const toFound = (answer: Plain): Found =>
  groups(answer as readonly Plain[], 6).map(([session, ...row]) => ({ session: session as string, ...toMessage(row) }))
export const toMessages = (answer: Plain): readonly MessageRow[] => groups(answer as readonly Plain[], 5).map(toMessage)

const toMessage = ([mid, seq, role, at, text]: readonly Plain[]): MessageRow => ({
  mid: mid as string,
  seq: seq as number,
  role: role as MessageRow['role'],
  at: at as number,
  text: text as string,
})
