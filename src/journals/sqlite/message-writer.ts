import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { MessageRow } from '../../core/session.ts'
import { checksum } from './checksum.ts'

/** mid, seq, role, at, text */
export type FlatMessage = readonly [string, number, string, number, string]

export const flatMessage = (row: MessageRow): FlatMessage => [row.mid, row.seq, row.role, row.at, row.text]

export const messageSum = (session: number, [mid, seq, role, at, text]: FlatMessage): number =>
  checksum([session, mid, seq, role, at], text)

/** The permanent messages and their full-text index. A message said again takes the place of the one before. */
export const messageWriter = (db: DatabaseSync) => {
  const find = db.prepare('select id, text from message where session = ? and mid = ?')
  const insert = db.prepare(
    'insert into message (session, mid, seq, role, at, sum, text, exact) values (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const drop = db.prepare('delete from message where id = ?')
  const insertWords = db.prepare('insert into message_fts (rowid, text) values (?, ?)')
  const dropWords = db.prepare(
    // Not `delete from`: that would leave the connection with a last rowid beyond what a number holds.
    "insert into message_fts (message_fts, rowid, text) values ('delete', ?, ?)",
  )
  const ofSession = db.prepare('select id, text from message where session = ?')

  const remove = (row: Record<string, SQLOutputValue>) => {
    dropWords.run(Number(row['id']), String(row['text']))
    drop.run(Number(row['id']))
  }
  return {
    put: (session: number, message: FlatMessage): void => {
      const [mid, seq, role, at, text] = message
      const old = find.get(session, mid)
      if (old !== undefined) remove(old)
      // A lone surrogate is not UTF-8: what SQLite would change is kept as JSON beside it.
      const exact = text.isWellFormed() ? null : JSON.stringify(text)
      const sum = messageSum(session, message)
      const { lastInsertRowid } = insert.run(session, mid, seq, role, at, sum, text.toWellFormed(), exact)
      insertWords.run(lastInsertRowid, text.toWellFormed())
    },
    forget: (session: number): void => {
      for (const row of ofSession.all(session)) remove(row)
    },
  }
}
