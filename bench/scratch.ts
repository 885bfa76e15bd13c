import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Said } from '../src/core/events.ts'
import type { Agent } from '../src/core/ports.ts'
import { systemEnv as env } from '../src/env.ts'
import { createGateway, type Gateway } from '../src/gateway/gateway.ts'
import { openSqliteJournal, type SqliteJournal } from '../src/journals/sqlite/open.ts'
import { sleep } from './figure.ts'

/** A folder that is removed afterwards. */
export const withFolder = async <T>(work: (dir: string) => Promise<T>): Promise<T> => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** The durable journal: FULL, as it is shipped. */
export const withJournal = <T>(work: (journal: SqliteJournal, file: string) => Promise<T>): Promise<T> =>
  withFolder(async (dir) => {
    const file = join(dir, 'journal.db')
    const journal = await openSqliteJournal({ file })
    try {
      return await work(journal, file)
    } finally {
      await journal.close()
    }
  })

/** A gateway on the durable journal. */
export const withGateway = async <T>(
  { agents, file }: { readonly agents: readonly Agent[]; readonly file: string },
  work: (gateway: Gateway) => Promise<T>,
): Promise<T> => {
  const journal = await openSqliteJournal({ file })
  const hash = (text: string): string => createHash('sha256').update(text).digest('base64url')
  const gateway = createGateway({ journal, agents, env, node: 'bench', hash })
  try {
    return await work(gateway)
  } finally {
    await gateway.close()
  }
}

/** Waits for what comes soon, without a limit: a bench that hangs is seen. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(1)
}

/** A delta as agents say it, about 120 bytes as stored. */
export const delta = (offset: number): Said => ({
  type: 'text',
  by: 'agent:demo',
  at: Date.now(),
  mid: 'message-1',
  part: 0,
  offset,
  delta: 'a word ',
})
