import { toFailure } from './core/failures.ts'
import type { Env, Journal } from './core/ports.ts'

/** ms between two tries to write, while the disk takes nothing. */
const between = 2000

/** A journal whose refusals to write are remembered until it writes again. */
export interface Watched {
  readonly journal: Journal
  /** Whether new work can be stored; `reason` is for people. */
  readonly health: () => { readonly ok: boolean; readonly reason?: string }
}

/**
 * Notices when the disk is full or read-only, and when it is not any more.
 * @param probe writes nothing, durably; rejects while nothing can be written
 */
export const watchStorage = (journal: Journal, probe: () => Promise<void>, env: Env): Watched => {
  let reason: string | undefined
  const notice = (error: unknown): void => {
    const { code, message } = toFailure(error)
    if (code !== 'storage_full' && code !== 'read_only') return
    const known = reason !== undefined
    reason = message
    if (!known) env.after(between, again)
  }
  const again = (): void => {
    probe().then(
      () => {
        reason = undefined
      },
      (error: unknown) => {
        reason = undefined
        notice(error)
      },
    )
  }
  const watched = <A extends readonly unknown[], T>(write: (...args: A) => Promise<T>) => {
    return (...args: A): Promise<T> => {
      const done = write(...args)
      done.catch(notice)
      return done
    }
  }
  return {
    journal: {
      ...journal,
      claim: watched(journal.claim),
      append: watched(journal.append),
      send: watched(journal.send),
      trim: watched(journal.trim),
      remove: watched(journal.remove),
    },
    health: () => (reason === undefined ? { ok: true } : { ok: false, reason }),
  }
}
