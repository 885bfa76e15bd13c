import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { verifyJournal } from '../../src/journals/sqlite/verify.ts'
import { closing, folder } from '../tools/closing.ts'
import { created, log, seqsIn, summary } from './said.ts'

/** What a process leaves that is killed now. A journal that rests for a second puts its rows in their place, so this may not wait. */
const copy = (from: string, to: string): void => {
  for (const end of ['', '-wal']) copyFileSync(from + end, to + end)
}

test('[I1] a damaged commit at the end of a crashed log is told: a new epoch, and its session takes nothing more', async () => {
  const dir = await folder()
  const [file, crashed] = [join(dir, 'journal.db'), join(dir, 'crashed.db')]
  const damaged = join(dir, 'damaged.db')
  const journal = closing(await openSqliteJournal({ file }), (one) => one.close())
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
  copy(file, crashed)
  for (const [index, harm] of [
    "json = replace(json, 'last', 'lost')",
    'session = 3',
    'first = 4, last = 4',
  ].entries()) {
    copy(crashed, damaged)
    const db = new DatabaseSync(damaged)
    db.exec(`update batch set ${harm} where id = 2`)
    db.close()
    const next = await openSqliteJournal({ file: damaged })
    expect(next.epoch).toBeGreaterThan(journal.epoch)
    expect(next.notices).toHaveLength(1)
    const hurt = index === 1 ? 'u' : 's'
    await expect(next.read(hurt, 0)).rejects.toMatchObject({ code: 'session_damaged' })
    await expect(next.claim(hurt, { node: 'b', at: 2 })).rejects.toMatchObject({ code: 'session_damaged' })
    expect(await next.claim('t', { node: 'b', at: 2 })).toMatchObject({ head: 4 })
    await next.close()
  }
})

test('[I1] after a crash the next owner writes behind what was streamed last, not over it', async () => {
  const dir = await folder()
  const [file, crashed] = [join(dir, 'journal.db'), join(dir, 'crashed.db')]
  const journal = await openSqliteJournal({ file })
  const lease = await journal.claim('s', {
    node: 'a',
    at: 1,
    create: true,
    opening: [created('s')],
    summary: summary('s'),
  })
  for (let count = 0; count < 5; count++) await journal.append(lease, [log(`${count}`)])
  // Rows that are not in their place yet, and a session row that is behind them.
  copy(file, crashed)
  await journal.close()

  const next = await openSqliteJournal({ file: crashed })
  const mine = await next.claim('s', { node: 'b', at: 2 })
  expect(mine.head).toBe(lease.head + 1)
  await next.append(mine, [log('on')])
  const seqs = seqsIn(await next.read('s', 0))
  await next.close()
  expect(seqs).toEqual(Array.from({ length: 9 }, (_, index) => index + 1))
  expect(verifyJournal(crashed).problems).toEqual([])
})
