import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import type { Batch } from '../../core/ports.ts'
import { checksum } from './checksum.ts'
import { checkedCommand } from './commands.ts'
import { listQueries } from './list-queries.ts'
import type { Plain } from './operations.ts'
import { neighbours } from './neighbours.ts'
import { batchSum } from './session-operations.ts'
import { checkedSession, type SessionRow } from './sessions.ts'
import { streamQueries } from './stream-queries.ts'
import { logTail } from './tail.ts'

interface BatchRow extends Batch {
  readonly session: number
  readonly at: number
  readonly sum: number
}

/** What the reader can do, by name. Each runs in one read transaction, so that all it reads is of one moment. */
export const readQueries = (db: DatabaseSync) => {
  const tail = logTail(db)
  const findSession = db.prepare('select * from session where name = ?')
  // From the row that holds the first event wanted; `place` says where rows are, the rows themselves say what they are.
  const after = db.prepare(
    `select b.session, b.first, b.last, b.at, b.sum, b.json from place p left join batch b on b.id = p.row
     where p.session = ?1 and p.first >= coalesce((select max(first) from place where session = ?1 and first <= ?2), 0)
     order by p.first`,
  )
  const one = db.prepare('select session, first, last, at, sum, json from batch where id = ?')
  const findCommand = db.prepare('select * from command where session = ? and name = ?')
  const pending = db.prepare('select * from command where session = ? and body is not null and id > ? order by id')
  const findCheckpoint = db.prepare('select sum, state from checkpoint where session = ?')

  const { noSession, noCommand } = neighbours(db)

  const existing = (name: string): SessionRow => {
    const raw = findSession.get(name)
    if (raw === undefined) {
      noSession(name)
      throw new Failure('not_found')
    }
    return tail.newest(checkedSession(raw))
  }
  const checked = (session: number, raw: Record<string, unknown> | undefined): BatchRow => {
    const row = raw as unknown as BatchRow | undefined
    if (
      row === undefined ||
      row.session !== session ||
      batchSum(session, row.first, row.last, row.at, row.json) !== row.sum
    )
      throw new Failure('session_damaged')
    return row
  }
  function* rows(session: number, seq: number): Generator<BatchRow> {
    for (const raw of after.iterate(session, seq + 1)) yield checked(session, raw)
    for (const { row, last } of tail.of(session)) if (last > seq) yield checked(session, one.get(row))
  }

  const table = {
    ...listQueries(db, tail),
    ...streamQueries(db),

    /** → head, first, last, json, first, last, json … */
    read: (name: string, seq: number, max: number): Plain => {
      const { id, head, floor, damaged } = existing(name)
      if (damaged !== 0) throw new Failure('session_damaged')
      if (seq < floor) throw new Failure('trimmed')
      const found: Plain[] = [head]
      let bytes = 0
      let next = seq + 1
      if (seq < head)
        for (const { first, last, json } of rows(id, seq)) {
          if (last < next) continue
          // The first row may start before the cursor; from then on each must follow on the one before.
          if (first > next || (bytes > 0 && first !== next)) throw new Failure('session_damaged')
          found.push(first, last, json)
          bytes += json.length
          next = last + 1
          if (bytes >= max) break
        }
      if (bytes < max && next <= head) throw new Failure('session_damaged')
      return found
    },
    head: (name: string): Plain => {
      const { head, floor, updated, summary } = existing(name)
      return [head, floor, updated, summary]
    },
    checkpoint: (name: string): Plain => {
      const { id, floor } = existing(name)
      const raw = findCheckpoint.get(id)
      if (raw === undefined && floor === 0) return null
      if (raw === undefined || checksum([id, floor], String(raw['state'])) !== raw['sum'])
        throw new Failure('session_damaged')
      return String(raw['state'])
    },
    seen: (name: string, command: string): Plain => {
      const { id } = existing(name)
      const raw = findCommand.get(id, command)
      if (raw === undefined) {
        noCommand(id, command)
        return null
      }
      const { hash, seq } = checkedCommand(raw)
      return [hash, seq]
    },
    /** → order, body, order, body … */
    pending: (name: string, order: number): Plain => {
      const { id: session } = existing(name)
      return pending.all(session, order).flatMap((raw) => {
        const { id, body } = checkedCommand(raw)
        return [id, body]
      })
    },
  }
  return { table, look: tail.look }
}

export type ReadTable = ReturnType<typeof readQueries>['table']
