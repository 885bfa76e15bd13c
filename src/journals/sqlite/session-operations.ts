import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { checksum } from './checksum.ts'
import { checkedCommand, commandSum, type CommandRow } from './commands.ts'
import { batchSum } from './log-query.ts'
import { messageWriter, type FlatMessage } from './message-writer.ts'
import type { Plain } from './operations.ts'
import { neighbours } from './neighbours.ts'
import { sessionCache, type SessionRow } from './sessions.ts'

/** id, hash, seq */
export type FlatDone = readonly [string, string, number]

/** by, busy, summary as JSON */
export type FlatLine = readonly [by: string, busy: number, summary: string]

/** The writes of the journal port. */
export const sessionOperations = (db: DatabaseSync) => {
  const sessions = sessionCache(db)
  const messages = messageWriter(db)
  const insertBatch = db.prepare(
    'insert into batch (id, session, first, last, at, sum, json) values (?, ?, ?, ?, ?, ?, ?)',
  )
  const findCommand = db.prepare('select * from command where session = ? and name = ?')
  const insertCommand = db.prepare(
    'insert into command (session, name, hash, seq, sum, body) values (?, ?, ?, ?, ?, ?)',
  )
  const answerCommand = db.prepare('update command set hash = ?, seq = ?, sum = ?, body = null where id = ?')
  const index = db.prepare(
    'insert into place select session, first, id from batch where id > (select value from meta where key = ?) order by session, first',
  )
  const indexed = db.prepare('update meta set value = ? where key = ?')
  // Never used again, also when the last rows were removed: what is after `indexed` is what is not in `place`.
  let lastRow = Number(
    db
      .prepare("select max(value, coalesce((select max(id) from batch), 0)) as last from meta where key = 'indexed'")
      .get()?.['last'],
  )
  const setCheckpoint = db.prepare('insert or replace into checkpoint values (?, ?, ?)')
  const cut = db.prepare(
    'delete from batch where id in (select row from place where session = ? and first <= ?) and last <= ?',
  )
  const cutPlaces = db.prepare(
    'delete from place where session = ? and first <= ? and not exists (select 1 from batch where id = row)',
  )
  const forget = ['batch where id in (select row from place where session = ?)', 'place where session = ?'].concat(
    ['command', 'checkpoint'].map((table) => `${table} where session = ?`),
  )
  const forgetAll = forget.map((what) => db.prepare(`delete from ${what}`))

  const { noSession, noCommand } = neighbours(db)

  const find = (name: string): SessionRow | undefined => {
    const row = sessions.find(name)
    if (row === undefined) noSession(name)
    return row
  }
  const command = (session: number, name: string): CommandRow | undefined => {
    const raw = findCommand.get(session, name)
    if (raw === undefined) noCommand(session, name)
    return raw && checkedCommand(raw)
  }
  const existing = (name: string): SessionRow => {
    const row = find(name)
    if (row === undefined) throw new Failure('not_found')
    if (row.damaged !== 0) throw new Failure('session_damaged')
    return row
  }
  /** The session, if this lease is its newest. */
  const owned = (name: string, id: number, term: number): SessionRow => {
    const row = find(name)
    if (row === undefined || row.id !== id || row.term !== term) throw new Failure('moved')
    return existing(name)
  }
  const refuseAnswered = (session: number, done: readonly FlatDone[]) => {
    for (const [name] of done)
      if ((command(session, name)?.seq ?? 0) > 0) throw new Failure('conflict', 'The command has been answered')
  }
  const answer = (session: number, done: readonly FlatDone[]) => {
    for (const [name, hash, seq] of done) {
      const sum = commandSum({ session, name, hash, seq, body: null })
      const known = findCommand.get(session, name)
      if (known === undefined) insertCommand.run(session, name, hash, seq, sum, null)
      else answerCommand.run(hash, seq, sum, Number(known['id']))
    }
  }
  /** Everything put off comes to its place, so that what follows may look there. */
  const settle = () => {
    sessions.settle()
    index.run('indexed')
    indexed.run(lastRow, 'indexed')
  }

  const table = {
    /** `events` are events without their seq, as JSON; `seq` of messages counts from 1 within this commit. → id, term, first, last, json */
    claim: (
      name: string,
      create: number,
      owner: readonly [before: string, after: string],
      events: readonly string[],
      at: number,
      by: string,
      summary: string,
      line: FlatLine | null,
      done: readonly FlatDone[],
      said: readonly FlatMessage[],
    ): Plain => {
      const old = find(name)
      if (create === 1 && old !== undefined) throw new Failure('conflict', 'The session exists')
      const known = create === 1 ? undefined : existing(name)
      if (known !== undefined) refuseAnswered(known.id, done)
      const row = known ?? sessions.create(name, by, summary)
      const term = row.term + 1
      const first = row.head + 1
      const json = [`${owner[0]}${term}${owner[1]}`, ...events]
        .map((event, offset) => `{"seq":${first + offset},${event.slice(1)}`)
        .join()
      const last = row.head + 1 + events.length
      insertBatch.run(++lastRow, row.id, first, last, at, batchSum(row.id, first, last, at, json), json)
      answer(row.id, done)
      for (const one of said) messages.put(row.id, [one[0], one[1] + row.head, one[2], one[3], one[4]])
      sessions.save({
        ...row,
        term,
        head: last,
        updated: at,
        ...(line !== null && { by: line[0], busy: line[1], summary: line[2] }),
      })
      return [row.id, term, first, last, json]
    },

    append: (
      name: string,
      id: number,
      term: number,
      first: number,
      last: number,
      at: number,
      json: string,
      line: FlatLine | null,
      done: readonly FlatDone[],
      said: readonly FlatMessage[],
    ): Plain => {
      const row = owned(name, id, term)
      if (row.head + 1 !== first) throw new Failure('conflict')
      refuseAnswered(id, done)
      insertBatch.run(++lastRow, id, first, last, at, batchSum(id, first, last, at, json), json)
      answer(id, done)
      for (const one of said) messages.put(id, one)
      const moved = { ...row, head: last, updated: at }
      if (line === null) sessions.move(moved)
      else sessions.save({ ...moved, by: line[0], busy: line[1], summary: line[2] })
      return null
    },

    send: (name: string, id: string, hash: string, body: string): Plain => {
      const { id: session } = existing(name)
      const known = command(session, id)
      if (known !== undefined && known.hash !== hash) throw new Failure('command_id_reused')
      if (known !== undefined) return 'dup'
      insertCommand.run(session, id, hash, 0, commandSum({ session, name: id, hash, seq: 0, body }), body)
      return 'new'
    },

    trim: (name: string, id: number, term: number, seq: number, state: string): Plain => {
      const row = owned(name, id, term)
      if (seq < row.floor || seq > row.head) throw new Failure('conflict')
      settle()
      setCheckpoint.run(id, checksum([id, seq], state), state)
      cut.run(id, seq, seq)
      cutPlaces.run(id, seq)
      sessions.save({ ...row, floor: seq })
      return null
    },

    remove: (name: string, id: number, term: number): Plain => {
      const row = owned(name, id, term)
      settle()
      messages.forget(id)
      for (const statement of forgetAll) statement.run(id)
      sessions.remove(row)
      return null
    },

    /** A reader found that the log of this session is not what was written. */
    damage: (name: string): Plain => {
      const row = sessions.find(name)
      if (row !== undefined && row.damaged === 0) sessions.save({ ...row, damaged: 1 })
      return null
    },

    /** Does nothing but a commit: shows whether the disk takes one. */
    probe: (): Plain => {
      db.exec("update meta set value = value + 1 where key = 'probe'")
      return null
    },
  }
  return { table, settle, committed: sessions.committed, rolledBack: sessions.rolledBack }
}
