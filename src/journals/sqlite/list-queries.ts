import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { queryWords } from '../words.ts'
import { messageSum } from './message-writer.ts'
import type { Plain } from './operations.ts'
import { checkedSession, type SessionRow } from './sessions.ts'
import type { LogTail } from './tail.ts'

type MessageRaw = Record<'mid' | 'role' | 'text' | 'name', string> &
  Record<'session' | 'seq' | 'at' | 'sum', number> & { readonly exact: string | null }

/** Lists, messages and search: what never reads a log. */
export const listQueries = (db: DatabaseSync, tail: LogTail) => {
  const page = 'order by updated desc, name desc limit ?4'
  const before = '(updated < ?1 or (updated = ?1 and name < ?2))'
  const lines = {
    all: db.prepare(`select * from session where ${before} and ?3 is null ${page}`),
    by: db.prepare(`select * from session where by = ?3 and ${before} ${page}`),
    busy: db.prepare(`select * from session where busy = 1 and ${before} and (?3 is null or by = ?3) ${page}`),
  }
  const session = db.prepare('select * from session where id = ?')
  const findSession = db.prepare('select id from session where name = ?')
  const ofSession = db.prepare('select * from message where session = ? order by seq')
  const find = db.prepare(
    `select m.*, s.name from message_fts f join message m on m.id = f.rowid join session s on s.id = m.session
     where message_fts match ?1 and (?2 is null or s.by = ?2) order by f.rowid desc limit ?3`,
  )

  let unreadable = 0
  /** A damaged row is no reason to show nobody a list: it is counted, and `verify` names it. */
  const readable = (raw: Record<string, unknown>): readonly SessionRow[] => {
    try {
      return [tail.newest(checkedSession(raw))]
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      unreadable++
      return []
    }
  }
  const checkedMessage = (raw: Record<string, unknown>): MessageRaw => {
    const row = raw as MessageRaw
    const text = row.exact === null ? row.text : String(JSON.parse(row.exact))
    if (messageSum(row.session, [row.mid, row.seq, row.role, row.at, text]) !== row.sum)
      throw new Failure('session_damaged')
    return { ...row, text }
  }

  return {
    /** Rows on disk are as old as the last settling; the sessions in the tail have moved to the front since. → unreadable lines, summary, updated, head … */
    list: (limit: number, busy: number, by: string | null, updated: number, name: string): Plain => {
      unreadable = 0
      const moved = new Set(tail.ids())
      const kind = busy === 1 ? 'busy' : by === null ? 'all' : 'by'
      const last = { updated, name }
      const settled = lines[kind].all(updated, name, by, limit + moved.size).flatMap(readable)
      const fresh = [...moved]
        .flatMap((id) => session.all(id).flatMap(readable))
        .filter((row) => (busy === 0 || row.busy === 1) && (by === null || row.by === by) && newer(last, row) < 0)
      const found = [...settled.filter(({ id }) => !moved.has(id)), ...fresh].sort(newer).slice(0, limit)
      return [unreadable, ...found.flatMap((row) => [row.summary, row.updated, row.head])]
    },
    /** → mid, seq, role, at, text … */
    messages: (name: string): Plain => {
      const raw = findSession.get(name)
      if (raw === undefined) throw new Failure('not_found')
      return ofSession.all(Number(raw['id'])).flatMap((message) => {
        const { mid, seq, role, at, text } = checkedMessage(message)
        return [mid, seq, role, at, text]
      })
    },
    /** → session, mid, seq, role, at, text … */
    search: (query: string, by: string | null, limit: number): Plain => {
      const words = queryWords(query).map((word) => `"${word.replaceAll('"', '""')}"`)
      if (words.length === 0) return []
      return find.all(words.join(' '), by, limit).flatMap((message) => {
        const { name, mid, seq, role, at, text } = checkedMessage(message)
        return [name, mid, seq, role, at, text]
      })
    },
  }
}

type Position = { readonly updated: number; readonly name: string }
/** The order of SQLite: bytes of UTF-8, which is the order of code points. */
const newer = (a: Position, b: Position): number =>
  b.updated - a.updated || Buffer.compare(Buffer.from(b.name), Buffer.from(a.name))
