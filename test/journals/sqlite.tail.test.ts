import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { verifyJournal } from '../../src/journals/sqlite/verify.ts'
import { created, log, seqsIn, summary } from './said.ts'

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
