import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteJournal } from '../src/journals/sqlite/open.ts'
import { journalContract } from './journal.contract.ts'

journalContract('sqlite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'))
  const open = () => openSqliteJournal({ file: join(folder, 'journal.db') })
  let journal = await open()
  return {
    journal,
    reopen: async () => {
      await journal.close()
      journal = await open()
      return journal
    },
    end: async () => {
      await journal.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
