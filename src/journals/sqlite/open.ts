import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { place } from '../../core/batch.ts'
import { Failure } from '../../core/failures.ts'
import type { Journal } from '../../core/ports.ts'
import { encode, toJson } from '../encode.ts'
import type { StreamEngine } from '../stream-store.ts'
import { watchers } from '../watchers.ts'
import type { Durability } from './connection.ts'
import { appendArgs, claimArgs } from './flat.ts'
import { leases } from './leases.ts'
import { sqliteReads } from './reads.ts'
import { JournalRefused } from './refused.ts'
import { queueRoom } from './room.ts'
import { sqliteStreams } from './streams.ts'
import { readerThread, writerThread } from './threads.ts'

export interface SqliteOptions {
  /** Path of the database; its folder must exist. Beside it appear `-wal`, `-shm` and `.lock`. */
  readonly file: string
  /** Default `strict`. `off` is for tests that must show a loss. */
  readonly durability?: Durability | 'off'
  /** ms that streamed rows may wait for company under load. Default 20, half of what a reader gathers; 0 never waits. */
  readonly window?: number
  /** Bytes that may wait to be written before `append` waits for room. Default 8 MiB. */
  readonly queue?: number
  /** The journal cannot go on (a failed fsync): nothing more is acknowledged; the process must end (exit code 70). */
  readonly onFatal?: (error: Error) => void
  /** Something stored is not what was written; for the program's log. `what` names it. */
  readonly onDamage?: (what: string) => void
}

export interface SqliteJournal extends Journal {
  /** What a person should know about how it was opened. */
  readonly notices: readonly string[]
  /** Copies the journal while it runs. Opened as a journal, the copy has a greater epoch. @throws Failure */
  backup(path: string): Promise<void>
  /** Commits nothing, durably: rejects with `storage_full` or `read_only` while the disk takes nothing. */
  probe(): Promise<void>
  /** Raw streams in the same file and the same commits. */
  readonly streams: StreamEngine
}

/**
 * The embedded journal: one file, one process, one writing thread.
 * @throws JournalRefused
 */
export const openSqliteJournal = async (options: SqliteOptions): Promise<SqliteJournal> => {
  const { durability = 'strict', window = 20, queue = 8 * 1024 * 1024 } = options
  const { onFatal = () => {}, onDamage = () => {} } = options
  const file = realFile(options.file)
  const held = leases()
  const die = (error: Error) => {
    held.loseAll()
    onFatal(error)
  }
  const reader = readerThread(file, die)
  const writer = await writerThread({ file, durability, window }, die).catch(async (error: unknown) => {
    await reader.close()
    throw error
  })
  await reader.open().catch(async (error: unknown) => {
    await writer.close()
    throw error
  })
  const commits = watchers()
  const arrivals = watchers()
  const room = queueRoom(queue)
  let closing: Promise<void> | undefined

  const write: typeof writer.write = (...args) =>
    closing === undefined ? writer.write(...args) : Promise.reject(new Failure('draining'))
  /** A session whose stored log is not what was written is marked, so that nothing is appended to it. */
  const read: typeof reader.ask = async (name, ...args) => {
    try {
      return await reader.ask(name, ...args)
    } catch (error) {
      if (error instanceof Failure && error.code === 'session_damaged') {
        onDamage(name === 'search' ? 'a message' : `session ${String(args[0])}`)
        if (name !== 'search') await write('damage', [String(args[0])]).catch(() => {})
      }
      throw error
    }
  }
  /** A write that only the newest lease may do. */
  const fenced = async <T>(lease: Parameters<typeof held.get>[0], work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof Failure && error.code === 'moved') held.lose(lease)
      throw error
    }
  }

  return {
    epoch: writer.epoch,
    notices: writer.notices,
    claim: async (session, options) => {
      const answer = await write('claim', claimArgs(session, options))
      const [id, term, first, last, json] = answer as [number, number, number, number, string]
      const lease = held.add(session, id, term, last)
      commits.tell(session, { first, last, json })
      return lease
    },
    append: async (lease, said, along = {}) => {
      if (closing !== undefined) throw new Failure('draining')
      const mine = held.get(lease)
      if (mine.writing) throw new Failure('conflict', 'One append of a lease at a time')
      const { session, term } = lease
      const events = place(said, mine.head)
      const batch = encode(events)
      const bytes = batch.json.length
      mine.writing = true
      try {
        const turn = room.take(bytes)
        if (turn !== undefined) await turn
        const urgent = along.summary !== undefined || (along.done?.length ?? 0) > 0
        const args = appendArgs({ session, id: mine.id, term }, batch, events, along)
        await fenced(lease, () => writer.write('append', args, { urgent, bytes })).finally(() => room.give(bytes))
        mine.head = batch.last
      } finally {
        mine.writing = false
      }
      commits.tell(session, batch)
      return events
    },
    ...sqliteReads(read, arrivals.watch, onDamage),
    watch: commits.watch,
    send: async (command, hash) => {
      const kept = await write('send', [command.session, command.id, hash, toJson(command)])
      if (kept === 'new') arrivals.tell(command.session, undefined)
      return kept as 'new' | 'dup'
    },
    trim: async (lease, state) => {
      const { id } = held.get(lease)
      await fenced(lease, () => write('trim', [lease.session, id, lease.term, state.seq, toJson(state)]))
    },
    remove: async (lease) => {
      const { id } = held.get(lease)
      await fenced(lease, () => write('remove', [lease.session, id, lease.term]))
      held.lose(lease)
      commits.tell(lease.session, undefined)
    },
    backup: (path) => writer.backup(path),
    streams: sqliteStreams({ epoch: writer.epoch, write, ask: reader.ask, room }),
    probe: async () => {
      await write('probe', [])
    },
    close: () => {
      closing ??= (async () => {
        await room.empty()
        await reader.close()
        // Last, so that it leaves one file: the last connection copies the write-ahead log and removes it.
        await writer.close()
        held.loseAll()
      })()
      return closing
    },
  }
}

/** The file by its one true name, so that two links to it have one lock. @throws JournalRefused */
const realFile = (file: string): string => {
  try {
    return join(realpathSync(dirname(file)), basename(file))
  } catch (error) {
    throw new JournalRefused('unreadable', `The folder of ${file} does not exist. Make it first.`, error)
  }
}
