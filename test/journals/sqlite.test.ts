import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkSqlite } from '../../src/journals/sqlite/connection.ts'
import { openSqliteJournal, type SqliteJournal, type SqliteOptions } from '../../src/journals/sqlite/open.ts'
import { verifyJournal } from '../../src/journals/sqlite/verify.ts'
import { commitWindow } from '../../src/journals/sqlite/window.ts'
import { checkCursor } from '../../src/core/cursor.ts'
import { command, created, ended, log, message, prompt, seqsIn, started, summary, text } from './said.ts'
import { until } from '../tools/until.ts'

let folder: string
let file: string
const opened: SqliteJournal[] = []
const open = async (options: Partial<SqliteOptions> = {}): Promise<SqliteJournal> => {
  const journal = await openSqliteJournal({ file, ...options })
  opened.push(journal)
  return journal
}
const create = (journal: SqliteJournal, id = 's') =>
  journal.claim(id, { node: 'n', at: 1, create: true, opening: [created(id)], summary: summary(id) })

/** Commits in a write-ahead log: frames that carry the size of the database after them. */
const commitsIn = (path: string): number => {
  const wal = readFileSync(path)
  let commits = 0
  for (let at = 32; at + 24 <= wal.length; at += 24 + wal.readUInt32BE(8)) if (wal.readUInt32BE(at + 4) !== 0) commits++
  return commits
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'))
  file = join(folder, 'journal.db')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((journal) => journal.close()))
  rmSync(folder, { recursive: true, force: true })
})

describe('opening', () => {
  test('[J40] a second opener is refused with words that say what to do, also through another name', async () => {
    await open()
    symlinkSync(folder, join(folder, 'link'))
    for (const other of [file, join(folder, 'link', 'journal.db')])
      await expect(openSqliteJournal({ file: other })).rejects.toMatchObject({
        name: 'JournalRefused',
        reason: 'in_use',
        message: expect.stringContaining('Stop that one first'),
      })
  })
  test('[J41] after a close another may open, and one private file is left beside the lock', async () => {
    const journal = await open()
    await create(journal)
    await journal.close()
    expect(readdirSync(folder).sort()).toEqual(['journal.db', 'journal.db.lock'])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(seqsIn(await (await open()).read('s', 0))).toEqual([1, 2])
  })
  test('[J42] a newer file, another program’s file, no database and no folder are refused, each in its words', async () => {
    await (await open()).close()
    const db = new DatabaseSync(file)
    db.exec('pragma user_version = 999')
    db.close()
    await expect(open()).rejects.toMatchObject({ reason: 'newer', message: expect.stringContaining('Update Holdfast') })
    file = join(folder, 'other.db')
    const other = new DatabaseSync(file)
    other.exec('create table t (x)')
    other.close()
    await expect(open()).rejects.toMatchObject({ reason: 'foreign' })
    file = join(folder, 'text.db')
    writeFileSync(file, 'not a database at all, but long enough to be looked at as one'.repeat(100))
    await expect(open()).rejects.toMatchObject({ reason: 'damaged' })
    file = join(folder, 'none', 'journal.db')
    await expect(open()).rejects.toMatchObject({ reason: 'unreadable' })
    file = join(folder, 'folder.db')
    mkdirSync(file)
    await expect(open()).rejects.toMatchObject({ reason: 'unreadable' })
  })
  test('[J43] a SQLite with the WAL-reset bug is refused', () => {
    for (const version of ['3.51.3', '3.51.10', '3.52.0', '4.0.0']) expect(() => checkSqlite(version)).not.toThrow()
    for (const version of ['3.51.2', '3.50.99', '3.7.17', '2.99.99'])
      expect(() => checkSqlite(version)).toThrow(expect.objectContaining({ reason: 'old_sqlite' }))
  })
})

describe('backup', () => {
  test('[J44] a copy made under load is whole, starts a new epoch each time it is restored, and old cursors diverge', async () => {
    const journal = await open()
    const lease = await create(journal)
    for (let round = 0; round < 20; round++) await journal.append(lease, [log('x'.repeat(200_000))])
    const path = join(folder, 'copy.db')
    const over = new AbortController()
    const copying = journal.backup(path).finally(() => over.abort())
    let during = 0
    while (!over.signal.aborted) {
      await journal.append(lease, [log('meanwhile'), log('together')])
      during++
    }
    await copying
    const { head } = await journal.head('s')
    await journal.append(lease, [log('after')])
    expect(verifyJournal(path)).toMatchObject({ problems: [] })

    const epochs = [journal.epoch]
    for (const name of ['a.db', 'b.db']) {
      file = join(folder, name)
      copyFileSync(path, file)
      await until(() => Math.floor(Date.now() / 1000) > (epochs.at(-1) ?? 0), 'another second')
      const restored = await open()
      epochs.push(restored.epoch)
      expect(restored.notices).toHaveLength(1)
      const chunk = await restored.read('s', 0, Number.MAX_SAFE_INTEGER)
      expect(seqsIn(chunk)).toEqual(Array.from({ length: chunk.head }, (_, index) => index + 1))
      expect(chunk.head).toBeLessThanOrEqual(head)
      expect(chunk.head % 2).toBe(0)
      expect(() => checkCursor({ epoch: journal.epoch, seq: 3 }, { epoch: restored.epoch, head: chunk.head })).toThrow(
        'restored',
      )
      await restored.close()
      expect((await open()).epoch).toBe(restored.epoch)
    }
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b))
    expect(new Set(epochs).size).toBe(3)
    expect(during).toBeGreaterThan(0)
  })
  test('[J45] a backup that cannot be written says so and leaves nothing', async () => {
    const journal = await open()
    await expect(journal.backup(join(folder, 'none', 'copy.db'))).rejects.toMatchObject({ name: 'Failure' })
    await create(journal)
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })
})

describe('the log', () => {
  test('[J46] rows are found before, across and after they are put in their place, and after a restart', async () => {
    let journal = await open({ window: 0 })
    const leases = await Promise.all(Array.from({ length: 40 }, (_, index) => create(journal, `s${index}`)))
    const check = async (rounds: number) => {
      for (const after of [0, 1, 2, 3, rounds, rounds + 1, rounds + 2])
        expect(seqsIn(await journal.read('s7', after, Number.MAX_SAFE_INTEGER))).toEqual(
          Array.from({ length: rounds + 2 }, (_, index) => index + 1).slice(after),
        )
      expect((await journal.list({ limit: 500 })).map(({ head }) => head)).toEqual(leases.map(() => rounds + 2))
    }
    for (let round = 1; round <= 450; round++) {
      await Promise.all(leases.map((lease) => journal.append(lease, [log('x', round)])))
      if (round % 150 === 0) await check(round)
    }
    await journal.close()
    journal = await open()
    await check(450)
    expect(verifyJournal(file).problems).toEqual([])
  })
  test('[J47] the queue to the disk is bounded: what does not fit waits, in order, and all of it lands', async () => {
    const journal = await open({ queue: 300_000 })
    const leases = await Promise.all(Array.from({ length: 30 }, (_, index) => create(journal, `s${index}`)))
    const order: number[] = []
    await Promise.all(
      leases.map(async (lease, index) => {
        await journal.append(lease, [log('x'.repeat(index === 10 ? 500_000 : 100_000))])
        order.push(index)
      }),
    )
    expect(order).toEqual(leases.map((_, index) => index))
  })
  test('[J48] the window stays shut without a crowd, opens for one, and never gathers more than it must', () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`)
    /** Every session says 25 rows of 160 bytes a second, or as many as told. */
    const waitAt = (sessions: number, max = 50, each = 25) => {
      const window = commitWindow(max)
      for (let at = 0; at < 2000; at += 40) window.note(at, names(sessions), sessions * 160 * (each / 25))
      return window.wait()
    }
    expect(waitAt(1)).toBeLessThan(0.1)
    expect(waitAt(32)).toBeLessThan(1.5)
    expect(waitAt(50, 50, 100)).toBeLessThan(1)
    expect(waitAt(100)).toBeGreaterThan(8)
    expect(waitAt(1000)).toBeLessThan(4)
    expect(waitAt(100, 0)).toBe(0)
  })
  test('[J48] a hundred sessions that stream, as a gateway writes them, share their commits', async () => {
    const journal = await open()
    const leases = await Promise.all(Array.from({ length: 100 }, (_, index) => create(journal, `s${index}`)))
    const before = commitsIn(`${file}-wal`)
    const rounds = 25
    const stream = async (lease: (typeof leases)[number], start: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        await new Promise((resolve) => setTimeout(resolve, start + round * 40 - performance.now()))
        await journal.append(lease, [text('m', round, 'w')], { done: [] })
      }
    }
    const start = performance.now()
    await Promise.all(leases.map((lease, index) => stream(lease, start + index * 0.4)))
    expect((leases.length * rounds) / (commitsIn(`${file}-wal`) - before)).toBeGreaterThan(8)
  })
})

describe('verify', () => {
  const fill = async () => {
    const journal = await open()
    for (const id of ['s', 't']) {
      const lease = await create(journal, id)
      await journal.append(lease, [prompt('p', 'go'), started('turn-p'), message('m', 'turn-p', 'one two')])
      await journal.append(lease, [ended('turn-p')])
      await journal.send(command(id, 'c'), 'h')
    }
    return journal
  }
  test('[J49] a healthy journal has no problem, also while it is in use', async () => {
    await fill()
    expect(verifyJournal(file)).toMatchObject({
      sessions: 2,
      commits: 6,
      events: 12,
      messages: 4,
      commands: 2,
      problems: [],
    })
  })
  test('[J50] each kind of damage is named with its session; the others are served', async () => {
    const plants: readonly (readonly [string, string, string])[] = [
      ['checksum', "update batch set json = replace(json, 'one', 'two') where session = 1", 'session_damaged'],
      ['hole', 'delete from place where session = 1 and first = 3', 'session_damaged'],
      ['head', 'delete from place where session = 1 and first = 6', 'session_damaged'],
      ['session', "update session set head = 5 where name = 's'", 'session_damaged'],
      ['message', "update message set text = 'three' where session = 1", ''],
      ['command', 'update command set hash = 0 where session = 1', ''],
      ['place', 'update place set row = 2 where session = 1 and first = 1', 'session_damaged'],
    ]
    for (const [kind, sql, code] of plants) {
      file = join(folder, `${kind}.db`)
      await (await fill()).close()
      const db = new DatabaseSync(file)
      db.exec(sql)
      db.close()
      const { problems } = verifyJournal(file)
      expect(problems.map((problem) => problem.kind)).toContain(kind)
      expect(problems.filter(({ session }) => session === 't')).toEqual([])
      const journal = await open()
      const outcome = await journal.read('s', 0).then(
        () => '',
        (error: { code: string }) => error.code,
      )
      expect([kind, outcome]).toEqual([kind, code])
      expect(seqsIn(await journal.read('t', 0))).toEqual([1, 2, 3, 4, 5, 6])
      if (code !== '')
        await until(
          () =>
            journal.claim('s', { node: 'n', at: 9 }).then(
              () => false,
              (error: { code: string }) => error.code === code,
            ),
          'the mark',
        )
    }
  })
  test('[I4] a turn that ended twice is named', async () => {
    const journal = await open()
    const lease = await create(journal)
    await journal.append(lease, [started('turn'), ended('turn')])
    await journal.append(lease, [ended('turn')])
    expect(verifyJournal(file).problems).toEqual([
      { kind: 'end', session: 's', detail: 'turn turn ends twice, the second time at 5' },
    ])
  })
})
