import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { checksum } from './checksum.ts'
import { checkedCommand } from './commands.ts'
import { listQueries } from './list-queries.ts'
import { logQuery } from './log-query.ts'
import type { Plain } from './operations.ts'
import { neighbours } from './neighbours.ts'
import { checkedSession, type SessionRow } from './sessions.ts'
import { streamQueries } from './stream-queries.ts'
import { logTail } from './tail.ts'

/** What the reader can do, by name. Each runs in one read transaction, so that all it reads is of one moment. */
export const readQueries = (db: DatabaseSync) => {
  const tail = logTail(db)
  const findSession = db.prepare('select * from session where name = ?')
  const readLog = logQuery(db, tail)
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

  const table = {
    ...listQueries(db, tail),
    ...streamQueries(db),

    read: (name: string, after: number, max: number): Plain => readLog(existing(name), after, max),
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
