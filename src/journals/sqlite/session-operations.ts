import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { commandWriter, type FlatDone } from './command-writer.ts'
import { logWriter } from './log-writer.ts'
import { messageWriter, type FlatMessage } from './message-writer.ts'
import type { Plain } from './operations.ts'
import { neighbours } from './neighbours.ts'
import { sessionCache, type SessionRow } from './sessions.ts'

/** by, busy, summary as JSON */
export type FlatLine = readonly [by: string, busy: number, summary: string]

/** The writes of the journal port. */
export const sessionOperations = (db: DatabaseSync) => {
  const sessions = sessionCache(db)
  const messages = messageWriter(db)
  const log = logWriter(db)
  const { noSession, noCommand } = neighbours(db)
  const commands = commandWriter(db, noCommand)

  const find = (name: string): SessionRow | undefined => {
    const row = sessions.find(name)
    if (row === undefined) noSession(name)
    return row
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
  /** Everything put off comes to its place, so that what follows may look there. */
  const settle = () => {
    sessions.settle()
    log.settle()
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
      if (known !== undefined) commands.refuseAnswered(known.id, done)
      const row = known ?? sessions.create(name, by, summary)
      const term = row.term + 1
      const first = row.head + 1
      const json = [`${owner[0]}${term}${owner[1]}`, ...events]
        .map((event, offset) => `{"seq":${first + offset},${event.slice(1)}`)
        .join()
      const last = row.head + 1 + events.length
      log.add(row.id, first, last, at, json)
      commands.answer(row.id, done)
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
      commands.refuseAnswered(id, done)
      log.add(id, first, last, at, json)
      commands.answer(id, done)
      for (const one of said) messages.put(id, one)
      const moved = { ...row, head: last, updated: at }
      if (line === null) sessions.move(moved)
      else sessions.save({ ...moved, by: line[0], busy: line[1], summary: line[2] })
      return null
    },

    send: (name: string, id: string, hash: string, body: string): Plain =>
      commands.keep(existing(name).id, id, hash, body),

    trim: (name: string, id: number, term: number, seq: number, state: string): Plain => {
      const row = owned(name, id, term)
      if (seq < row.floor || seq > row.head) throw new Failure('conflict')
      settle()
      log.cut(id, seq, state)
      sessions.save({ ...row, floor: seq })
      return null
    },

    remove: (name: string, id: number, term: number): Plain => {
      const row = owned(name, id, term)
      settle()
      messages.forget(id)
      log.forget(id)
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
