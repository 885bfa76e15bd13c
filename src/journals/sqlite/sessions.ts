import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { checksum } from './checksum.ts'
import { tailHeads } from './tail-heads.ts'

/** A session as the writer knows it. `head` and `updated` may be ahead of the row on disk while `dirty`. */
export interface SessionRow {
  readonly id: number
  readonly name: string
  readonly by: string
  readonly term: number
  readonly head: number
  readonly floor: number
  /** ms since 1970 */
  readonly updated: number
  readonly busy: number
  readonly damaged: number
  /** JSON */
  readonly summary: string
}

export const sessionSum = (row: SessionRow): number =>
  checksum([row.id, row.name, row.by, row.term, row.head, row.floor, row.updated, row.busy, row.damaged], row.summary)

/** A row of `session` as read. @throws Failure `session_damaged` when its checksum does not fit */
export const checkedSession = (raw: Record<string, unknown>): SessionRow => {
  const row = raw as unknown as SessionRow & { sum: number }
  if (sessionSum(row) !== row.sum) throw new Failure('session_damaged')
  return row
}

/** The writer's view of sessions: what is on disk, and what the log's tail says since. Undone with a failed commit. */
export const sessionCache = (db: DatabaseSync) => {
  const known = new Map<string, SessionRow>()
  const dirty = new Set<string>()
  const undo: (() => void)[] = []
  const select = db.prepare('select * from session where name = ?')
  const insert = db.prepare(
    'insert into session (name, by, term, head, floor, updated, busy, damaged, summary, sum) values (?, ?, 0, 0, 0, 0, 0, 0, ?, 0)',
  )
  const update = db.prepare(
    'update session set by = ?, term = ?, head = ?, floor = ?, updated = ?, busy = ?, damaged = ?, summary = ?, sum = ? where id = ?',
  )
  const drop = db.prepare('delete from session where id = ?')
  const byId = db.prepare('select * from session where id = ?')

  const remember = (name: string, row: SessionRow | undefined, isDirty: boolean) => {
    const before = known.get(name)
    const wasDirty = dirty.has(name)
    undo.push(() => put(name, before, wasDirty))
    put(name, row, isDirty)
  }
  const put = (name: string, row: SessionRow | undefined, isDirty: boolean) => {
    if (row === undefined) known.delete(name)
    else known.set(name, row)
    if (isDirty) dirty.add(name)
    else dirty.delete(name)
  }
  const write = (row: SessionRow) => {
    const { id, by, term, head, floor, updated, busy, damaged, summary } = row
    update.run(by, term, head, floor, updated, busy, damaged, summary, sessionSum(row), id)
  }

  /** A process that died has left commits that only the log's tail knows: going on behind them starts with knowing them. */
  const adopt = () => {
    for (const [session, { last, at, damaged }] of tailHeads(db)) {
      const raw = byId.get(session)
      // A damaged row is told to whoever asks for it.
      if (raw === undefined || sessionSum(raw as unknown as SessionRow) !== raw['sum']) continue
      const row = checkedSession(raw)
      if (damaged) put(row.name, { ...row, damaged: 1 }, true)
      else if (last > row.head) put(row.name, { ...row, head: last, updated: at }, true)
    }
  }
  adopt()

  return {
    find: (name: string): SessionRow | undefined => {
      const cached = known.get(name)
      if (cached !== undefined) return cached
      const raw = select.get(name)
      if (raw === undefined) return undefined
      const row = checkedSession(raw)
      known.set(name, row)
      return row
    },
    /** The row is written whole at the next save. */
    create: (name: string, by: string, summary: string): SessionRow => {
      const id = Number(insert.run(name, by, summary).lastInsertRowid)
      return { id, name, by, term: 0, head: 0, floor: 0, updated: 0, busy: 0, damaged: 0, summary }
    },
    /** Writes the row. */
    save: (row: SessionRow): void => {
      write(row)
      remember(row.name, row, false)
    },
    /** Only the log moved on: the row is written when its rows are indexed. */
    move: (row: SessionRow): void => remember(row.name, row, true),
    remove: (row: SessionRow): void => {
      drop.run(row.id)
      remember(row.name, undefined, false)
    },
    /** Writes what `move` left. */
    settle: (): void => {
      for (const name of dirty) {
        const row = known.get(name)
        if (row !== undefined) write(row)
      }
    },
    committed: (settled: boolean): void => {
      undo.length = 0
      if (!settled) return
      dirty.clear()
      if (known.size > 20_000) known.clear()
    },
    rolledBack: (): void => {
      for (const back of undo.reverse()) back()
      undo.length = 0
    },
  }
}
