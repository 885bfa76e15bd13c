import { crc32 } from 'node:zlib'
import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import type { Batch, Chunk } from '../../core/ports.ts'
import type { Plain } from './operations.ts'
import type { SessionRow } from './sessions.ts'
import type { LogTail } from './tail.ts'

/** first, last, at, sum, json: arrays, because objects cost a third of a replay. */
type Row = readonly [number, number, number, number, string]

/** One call over one string is faster than two: this is done for each row of each replay. */
export const batchSum = (session: number, first: number, last: number, at: number, json: string): number =>
  crc32(`${session}|${first}|${last}|${at}|${json}`)

/** Rows that are read at once: first, because they may be large, and at most. */
const few = 4
const many = 1024
const nothing = [null, null, null, null, null]

/** Reads a piece of a log: what `place` knows, then the tail. Every row is checked, and that each follows on the one before. */
export const logQuery = (db: DatabaseSync, tail: LogTail) => {
  // From the row that holds the first event wanted; `place` says where rows are, the rows themselves say what they are.
  const placed = db.prepare(
    `select b.first, b.last, b.at, b.sum, b.json from place p left join batch b on b.id = p.row
     where p.session = ?1 and p.first >= coalesce((select max(first) from place where session = ?1 and first <= ?2), 0)
     order by p.first limit ?3`,
  )
  const fresh = db.prepare('select first, last, at, sum, json from batch where id = ?')
  placed.setReturnArrays(true)
  fresh.setReturnArrays(true)

  /** → head, all json, then of each commit: first, last, length of its json */
  return ({ id, head, floor, damaged }: SessionRow, after: number, max: number): Plain => {
    if (damaged !== 0) throw new Failure('session_damaged')
    if (after < floor) throw new Failure('trimmed')
    const found: number[] = []
    const texts: string[] = []
    let size = 0
    let next = after + 1
    const take = (raw: unknown): void => {
      // A row that is not there, or is another session's, does not fit its checksum either.
      const row = (raw ?? nothing) as Row
      const first = row[0]
      const last = row[1]
      const json = row[4]
      if (json === null || batchSum(id, first, last, row[2], json) !== row[3]) throw new Failure('session_damaged')
      if (last < next) return
      // The first row may start before the cursor; from then on each must follow on the one before.
      if (first > next || (found.length > 0 && first !== next)) throw new Failure('session_damaged')
      found.push(first, last, json.length)
      texts.push(json)
      size += json.length
      next = last + 1
    }
    // Many rows at once cost half of what they cost one by one; how many are needed is told by those before.
    let rows = few
    const takeSome = (): boolean => {
      const from = next
      for (const raw of placed.all(id, next, rows)) if (size < max) take(raw)
      rows = Math.min(rows * 8, many, Math.ceil(((max - size) * texts.length) / Math.max(1, size)) + 1)
      return next > from && next <= head && size < max
    }
    if (after < head) while (takeSome());
    for (const { row, last } of tail.of(id)) {
      if (size >= max) break
      if (last > after) take(fresh.get(row))
    }
    if (size < max && next <= head) throw new Failure('session_damaged')
    return [head, texts.join(''), ...found]
  }
}

/** What `logQuery` answered, as the port has it. */
export const toChunk = (answer: Plain): Chunk => {
  const [head, text, ...found] = answer as readonly [number, string, ...number[]]
  const batches: Batch[] = []
  let at = 0
  for (let index = 0; index < found.length; index += 3) {
    const [first = 0, last = 0, length = 0] = [found[index], found[index + 1], found[index + 2]]
    batches.push({ first, last, json: text.slice(at, at + length) })
    at += length
  }
  return { head, batches }
}
