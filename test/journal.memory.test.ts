import { memoryJournal, memoryStore } from '../src/journals/memory.ts'
import { journalContract } from './journal.contract.ts'
import { systemEnv } from '../src/env.ts'

journalContract('memory', async () => {
  const store = memoryStore(systemEnv)
  const open = (node: string) => memoryJournal(store, { env: systemEnv, node })
  const journals = [open('n')]
  const add = (node: string) => {
    const journal = open(node)
    journals.push(journal)
    return journal
  }
  return {
    journal: journals[0] as (typeof journals)[number],
    reopen: async () => {
      await journals.at(-1)?.close()
      return add('n')
    },
    crash: async () => {
      journals.at(-1)?.crash()
      return add('n')
    },
    other: async () => add('m'),
    end: async () => {
      await Promise.all(journals.map((journal) => journal.close()))
    },
  }
})
