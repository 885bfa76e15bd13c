import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { verifyJournal } from '../../src/journals/sqlite/verify.ts'
import { created, log, seqsIn, summary } from './said.ts'

test('[I1] a damaged commit at the end of a crashed log is told: a new epoch, and its session takes nothing more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tail-'))
  const [file, copy] = [join(folder, 'journal.db'), join(folder, 'crashed.db')]
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const journal = await openSqliteJournal({ file })
  for (const id of ['s', 't', 'u']) {
    const lease = await journal.claim(id, {
      node: 'a',
      at: 1,
      create: true,
      opening: [created(id)],
      summary: summary(id),
    })
    await journal.append(lease, [log('last')])
  }
  for (const [index, harm] of [
    "json = replace(json, 'last', 'lost')",
    'session = 3',
    'first = 4, last = 4',
  ].entries()) {
    for (const end of ['', '-wal']) copyFileSync(file + end, copy + end)
    const db = new DatabaseSync(copy)
    db.exec(`update batch set ${harm} where id = 2`)
    db.close()
    const next = await openSqliteJournal({ file: copy })
    expect(next.epoch).toBeGreaterThan(journal.epoch)
    expect(next.notices).toHaveLength(1)
    const hurt = index === 1 ? 'u' : 's'
    await expect(next.read(hurt, 0)).rejects.toMatchObject({ code: 'session_damaged' })
    await expect(next.claim(hurt, { node: 'b', at: 2 })).rejects.toMatchObject({ code: 'session_damaged' })
    expect(await next.claim('t', { node: 'b', at: 2 })).toMatchObject({ head: 4 })
    await next.close()
  }
  await journal.close()
})

test('[I1] after a crash the next owner writes behind what was streamed last, not over it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tail-'))
  const [file, copy] = [join(folder, 'journal.db'), join(folder, 'crashed.db')]
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const journal = await openSqliteJournal({ file })
  const lease = await journal.claim('s', {
    node: 'a',
    at: 1,
    create: true,
    opening: [created('s')],
    summary: summary('s'),
  })
  for (let count = 0; count < 5; count++) await journal.append(lease, [log(`${count}`)])
  // What a process leaves that is killed now: rows that are not in their place yet, and a session row that is behind them.
  for (const end of ['', '-wal']) copyFileSync(file + end, copy + end)
  await journal.close()

  const next = await openSqliteJournal({ file: copy })
  const mine = await next.claim('s', { node: 'b', at: 2 })
  expect(mine.head).toBe(lease.head + 1)
  await next.append(mine, [log('on')])
  const seqs = seqsIn(await next.read('s', 0))
  await next.close()
  expect(seqs).toEqual(Array.from({ length: 9 }, (_, index) => index + 1))
  expect(verifyJournal(copy).problems).toEqual([])
})
