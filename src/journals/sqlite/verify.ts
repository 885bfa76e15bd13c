import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Event } from '../../core/events.ts'
import { Failure } from '../../core/failures.ts'
import { checksum } from './checksum.ts'
import { commandSum, type CommandRow } from './commands.ts'
import { connect } from './connection.ts'
import { messageSum } from './message-writer.ts'
import { JournalRefused } from './refused.ts'
import { checkSchema } from './schema.ts'
import { batchSum } from './log-query.ts'
import { checkedSession, type SessionRow } from './sessions.ts'
import { inspectStreams } from './stream-verify.ts'
import { damagedWal } from './wal.ts'

/** What is wrong, where. `session` is absent when it is not one session's. */
export interface Problem {
  readonly kind:
    | 'structure'
    | 'wal'
    | 'session'
    | 'checksum'
    | 'hole'
    | 'head'
    | 'place'
    | 'end'
    | 'message'
    | 'command'
    | 'checkpoint'
    | 'stream'
  readonly session?: string
  readonly detail: string
}
export interface Report {
  readonly sessions: number
  readonly commits: number
  readonly events: number
  readonly messages: number
  readonly commands: number
  readonly streams: number
  readonly problems: readonly Problem[]
}

type Raw = Record<string, string | number | null>

/**
 * Reads a whole journal and says what is wrong with it: SQLite's own structure, checksums, holes, doubled ends of
 * turns, heads. The file may be in use. Changes nothing.
 * @throws JournalRefused when it is no journal, or a newer one
 */
export const verifyJournal = (file: string): Report => {
  if (!existsSync(file)) throw new JournalRefused('unreadable', `There is no file ${file}.`)
  const wal = damagedWal(`${file}-wal`)
  const db = connect(file, true)
  try {
    db.exec('begin')
    const report = inspect(db, checkSchema(db, file))
    return wal
      ? { ...report, problems: [{ kind: 'wal', detail: 'commits after a damaged one were lost' }, ...report.problems] }
      : report
  } finally {
    db.close()
  }
}

/** @param version of the file's schema: an older one has no streams */
const inspect = (db: DatabaseSync, version: number): Report => {
  const problems: Problem[] = []
  const counts = { sessions: 0, commits: 0, events: 0, messages: 0, commands: 0, streams: 0 }
  const found = (kind: Problem['kind'], detail: string, session?: string) =>
    problems.push({ kind, detail, ...(session !== undefined && { session }) })
  /** A damaged page ends one check, not all of them. */
  const attempt = (kind: Problem['kind'], check: () => void, session?: string) => {
    try {
      check()
    } catch (error) {
      found(kind, error instanceof Failure ? 'the checksum does not fit' : String(error), session)
    }
  }

  attempt('structure', () => {
    for (const row of db.prepare('pragma integrity_check').iterate()) {
      const line = String(Object.values(row)[0])
      if (line !== 'ok') found('structure', line)
    }
  })
  const names = new Map<number, string>()
  const sessions: SessionRow[] = []
  attempt('session', () => {
    for (const raw of db.prepare('select * from session').iterate()) {
      counts.sessions++
      const name = String(raw['name'])
      names.set(Number(raw['id']), name)
      attempt('session', () => sessions.push(checkedSession(raw)), name)
    }
  })
  const indexed = Number(db.prepare("select value from meta where key = 'indexed'").get()?.['value'])
  for (const row of sessions) {
    if (row.damaged !== 0) found('session', 'it was marked as damaged when it was read', row.name)
    attempt('hole', () => inspectLog(db, row, indexed, counts, found), row.name)
  }
  attempt('checksum', () => {
    for (const raw of db
      .prepare('select id, session from batch where session not in (select id from session)')
      .iterate())
      found('checksum', `commit ${raw['id']} is of no session (${raw['session']})`)
  })

  const each = (kind: Problem['kind'], sql: string, fits: (raw: Raw) => boolean, count: () => void) =>
    attempt(kind, () => {
      for (const raw of db.prepare(sql).iterate() as Iterable<Raw>) {
        const session = names.get(Number(raw['session']))
        count()
        if (session === undefined) found(kind, `it is of no session (${raw['session']})`)
        else if (!fits(raw)) found(kind, 'the checksum does not fit', session)
      }
    })
  const flat = (raw: Raw) => [String(raw['mid']), Number(raw['seq']), String(raw['role']), Number(raw['at'])] as const
  each(
    'message',
    'select * from message',
    (raw) => {
      const text = raw['exact'] === null ? String(raw['text']) : String(JSON.parse(String(raw['exact'])))
      return messageSum(Number(raw['session']), [...flat(raw), text]) === raw['sum']
    },
    () => counts.messages++,
  )
  each(
    'command',
    'select * from command',
    (raw) => commandSum(raw as unknown as CommandRow) === raw['sum'],
    () => counts.commands++,
  )
  each(
    'checkpoint',
    'select c.session, c.sum, c.state, s.floor from checkpoint c join session s on s.id = c.session',
    ({ session, sum, state, floor }) => checksum([Number(session), Number(floor)], String(state)) === sum,
    () => {},
  )
  attempt('stream', () => {
    if (version > 1) counts.streams = inspectStreams(db, (detail) => found('stream', detail))
  })
  return { ...counts, problems }
}

const inspectLog = (
  db: DatabaseSync,
  { id, name, floor, head }: SessionRow,
  indexed: number,
  counts: { commits: number; events: number },
  found: (kind: Problem['kind'], detail: string, session: string) => void,
): void => {
  const ended = new Set<string>()
  const rows = db.prepare(
    `select p.first as place, b.* from place p left join batch b on b.id = p.row where p.session = ?1
     union all select first as place, * from batch where id > ?2 and session = ?1 order by place`,
  )
  let next: number | undefined
  for (const raw of rows.iterate(id, indexed)) {
    const { place, session, first, last, at, sum, json } = raw as Raw & Record<'first' | 'last' | 'at' | 'sum', number>
    counts.commits++
    if (first !== place || session !== id) found('place', `the commit at ${place} is not where it should be`, name)
    if (batchSum(id, first, last, at, String(json)) !== sum) {
      found('checksum', `events ${first} to ${last}: the checksum does not fit`, name)
      next = last + 1
      continue
    }
    if (next === undefined ? first > floor + 1 : first !== next)
      found('hole', `events ${next ?? floor + 1} to ${first - 1} are missing`, name)
    next = last + 1
    const events = JSON.parse(`[${String(json)}]`) as readonly Event[]
    counts.events += events.length
    if (events.some(({ seq }, offset) => seq !== first + offset))
      found('hole', `events ${first} to ${last} are not numbered so`, name)
    for (const event of events) {
      if (event.type !== 'turn.ended') continue
      if (ended.has(event.turn)) found('end', `turn ${event.turn} ends twice, the second time at ${event.seq}`, name)
      ended.add(event.turn)
    }
  }
  const last = (next ?? floor + 1) - 1
  if (last < head) found('head', `the head is ${head}, but the log ends at ${last}`, name)
}
