import { after as restOf } from '../../core/batch.ts'
import type { Command, Journal } from '../../core/ports.ts'
import type { SessionState } from '../../core/session.ts'
import { readInbox } from '../inbox.ts'
import { toFound, toListed, toMessages } from './flat.ts'
import { toChunk } from './log-query.ts'
import type { readerThread } from './threads.ts'

type Reads = 'read' | 'head' | 'checkpoint' | 'inbox' | 'seen' | 'list' | 'search' | 'messages'

/**
 * The reading half of the journal, over the reading thread.
 * @param arrivals wakes when a command came for a session
 */
export const sqliteReads = (
  ask: ReturnType<typeof readerThread>['ask'],
  arrivals: (session: string, wake: () => void) => () => void,
  onDamage: (what: string) => void,
): Pick<Journal, Reads> => ({
  read: async (session, after, max = 256 * 1024) => {
    const { head, batches } = toChunk(await ask('read', session, after, max))
    const first = batches[0]
    const rest = first && restOf(first, after)
    return { head, batches: rest === undefined ? batches : [rest, ...batches.slice(1)] }
  },
  head: async (session) => {
    const [head, floor, updated_at, summary] = (await ask('head', session)) as [number, number, number, string]
    return { ...JSON.parse(summary), head, floor, updated_at }
  },
  checkpoint: async (session) => {
    const state = await ask('checkpoint', session)
    return state === null ? undefined : (JSON.parse(String(state)) as SessionState)
  },
  inbox: (lease, signal) => {
    const pending = async (order: number) => {
      const flat = (await ask('pending', lease.session, order)) as readonly (number | string)[]
      return Array.from({ length: flat.length / 2 }, (_, index) => ({
        order: Number(flat[index * 2]),
        command: JSON.parse(String(flat[index * 2 + 1])) as Command,
      }))
    }
    return readInbox(lease, { pending, listen: (wake) => arrivals(lease.session, wake) }, signal)
  },
  seen: async (session, id) => {
    const answer = await ask('seen', session, id)
    if (answer === null) return undefined
    const [hash, seq] = answer as [string, number]
    return { id, hash, seq }
  },
  list: async ({ limit = 100, busy = false, by = null, before } = {}) => {
    const { updated_at, id } = before ?? { updated_at: Number.MAX_SAFE_INTEGER, id: '' }
    const { lines, unreadable } = toListed(await ask('list', limit, busy ? 1 : 0, by, updated_at, id))
    if (unreadable > 0) onDamage(`${unreadable} of the session list's lines`)
    return lines
  },
  search: async (query, { limit = 50, by = null } = {}) => toFound(await ask('search', query, by, limit)),
  messages: async (session) => toMessages(await ask('messages', session)),
})
