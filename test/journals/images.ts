import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { toListed, toMessages } from '../../src/journals/sqlite/flat.ts'
import { toChunk } from '../../src/journals/sqlite/log-query.ts'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { openWriter } from '../../src/journals/sqlite/open-writer.ts'
import { readQueries } from '../../src/journals/sqlite/queries.ts'
import { command, created, ended, log, message, prompt, started, summary } from './said.ts'

/** A journal's files as they were at some moment, and the sessions in it. */
export interface Image {
  readonly db: Buffer
  readonly wal: Buffer
  readonly sessions: readonly string[]
  /** Size of the write-ahead log → what everything read was, when the log had that size. */
  readonly moments: readonly { readonly wal: number; readonly seen: Seen }[]
}

/** Everything that can be read of a journal. A session that cannot be read says why. */
export type Seen = Readonly<Record<string, string>>

/** Opens a journal in this thread (a hundred times faster than with its own) and reads all of it. */
export const see = (file: string, sessions: readonly string[]): { epoch: number; seen: Seen } => {
  const { db, epoch, close } = openWriter({ file, durability: 'relaxed', window: 0 })
  try {
    return { epoch, seen: seeing(readQueries(db), sessions) }
  } finally {
    close()
  }
}

const seeing = ({ table, look }: ReturnType<typeof readQueries>, sessions: readonly string[]): Seen => {
  look()
  const seen: Record<string, string> = {}
  const put = (what: string, ask: () => unknown) => {
    try {
      seen[what] = JSON.stringify(ask())
    } catch (error) {
      seen[what] = `refused: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}`
    }
  }
  put('list', () => toListed(table.list(500, 0, null, Number.MAX_SAFE_INTEGER, '')))
  put('busy', () => toListed(table.list(500, 1, null, Number.MAX_SAFE_INTEGER, '')))
  for (const name of sessions) {
    put(`log ${name}`, () => toChunk(table.read(name, 0, Number.MAX_SAFE_INTEGER)))
    put(`messages ${name}`, () => toMessages(table.messages(name)))
    put(`answered ${name}`, () => table.seen(name, 'answered'))
    put(`waiting ${name}`, () => table.pending(name, 0))
  }
  put('search', () => table.search('quick', null, 500))
  return seen
}

/** A journal with settled rows, rows that are not, and rows in the write-ahead log only. */
export const makeImage = async (file: string): Promise<Image> => {
  const sessions = Array.from({ length: 6 }, (_, index) => `session-${index}`)
  const say = async (rounds: number, create: boolean, moment: () => void) => {
    const journal = await openSqliteJournal({ file, window: 0 })
    for (const id of sessions) {
      const lease = await journal.claim(id, {
        node: 'n',
        at: 1,
        ...(create && { create, opening: [created(id)], summary: summary(id) }),
      })
      if (create) await journal.send(command(id, 'answered'), 'h')
      if (create) await journal.append(lease, [log('answer')], { done: [{ id: 'answered', hash: 'h', seq: 3 }] })
      if (create) await journal.send(command(id, 'waiting'), 'h')
      for (let round = 0; round < rounds; round++) {
        const turn = `${lease.term}-${round}`
        await journal.append(lease, [prompt(`p${turn}`, 'a quick question'), started(turn)])
        moment()
        await journal.append(lease, [message(`m${turn}`, turn, `quick words ${'x'.repeat(round * 40)}`), ended(turn)])
        moment()
      }
    }
    return journal
  }
  await (await say(30, true, () => {})).close()
  const moments: Image['moments'][number][] = []
  const copy = `${file}.copy`
  const journal = await say(3, false, () => {
    copyFileSync(file, copy)
    copyFileSync(`${file}-wal`, `${copy}-wal`)
    moments.push({ wal: statSync(`${copy}-wal`).size, seen: see(copy, sessions).seen })
  })
  const image = { db: readFileSync(file), wal: readFileSync(`${file}-wal`), sessions, moments }
  await journal.close()
  return image
}

/** Puts an image in a file's place. */
export const putImage = (file: string, db: Buffer, wal: Buffer): void => {
  rmSync(`${file}-shm`, { force: true })
  writeFileSync(file, db)
  writeFileSync(`${file}-wal`, wal)
}
