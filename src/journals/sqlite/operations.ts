import type { DatabaseSync } from 'node:sqlite'
import { sessionOperations } from './session-operations.ts'
import { streamOperations } from './stream-operations.ts'

/** What may cross between threads: never an object tree that a client made (its depth could break the copy). */
export type Plain = string | number | null | Uint8Array | readonly Plain[]

/**
 * What the writer can do, by name. A further module of writes joins with one line here: a function from the writing
 * connection to named functions. They run inside the transaction of a group commit, so:
 * - they take and return only what is `Plain`, and are synchronous;
 * - they throw a Failure before their first write, and then nothing of them is in the commit; any other error rolls
 *   the whole group back, after which each of its jobs is tried alone;
 * - what they keep in memory must be undone in `rolledBack` and made final in `committed`.
 */
export const writeOperations = (db: DatabaseSync) => {
  const sessions = sessionOperations(db)
  const streams = streamOperations(db)
  const modules: readonly Module[] = [sessions, streams]
  return {
    table: { ...sessions.table, ...streams.table },
    /** Before a commit; `true` says that everything kept in memory must be written now. */
    settle: () => modules.forEach((one) => one.settle()),
    committed: (settled: boolean) => modules.forEach((one) => one.committed(settled)),
    rolledBack: () => modules.forEach((one) => one.rolledBack()),
  }
}

/** One module of operations. */
export interface Module {
  readonly table: Readonly<Record<string, (...args: never[]) => Plain>>
  /** Writes what was put off. Called at the end of some groups, inside their transaction. */
  settle(): void
  committed(settled: boolean): void
  rolledBack(): void
}

export type WriteTable = ReturnType<typeof writeOperations>['table']
