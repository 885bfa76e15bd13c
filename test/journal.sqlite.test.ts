import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteJournal } from '../src/journals/sqlite/open.ts'
import { journalContract } from './journal.contract.ts'

journalContract('sqlite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'))
  const file = join(folder, 'journal.db')
  const open = (path = file) => openSqliteJournal({ file: path })
  let journal = await open()
  return {
    journal,
    reopen: async () => {
      await journal.close()
      journal = await open()
      return journal
    },
    crash: async () => {
      // A killed process runs nothing any more: what it leaves is its files as they are now.
      const left = join(folder, 'left.db')
      for (const end of ['', '-wal']) copyFileSync(file + end, left + end)
      await journal.close()
      journal = await open(left)
      return journal
    },
    end: async () => {
      await journal.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
