/** Why a file cannot be opened as a journal: `busy` is for another process, `newer` for a newer program. */
export type RefusalReason = 'in_use' | 'newer' | 'old_sqlite' | 'foreign' | 'damaged' | 'unreadable'

/** A journal that was not opened. The message is for people and says what to do. */
export class JournalRefused extends Error {
  override readonly name = 'JournalRefused'
  readonly reason: RefusalReason
  constructor(reason: RefusalReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.reason = reason
  }
}
