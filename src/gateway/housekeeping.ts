import { type FailureCode, toFailure } from '../core/failures.ts'
import type { Journal, ListOptions, Listed } from '../core/ports.ts'
import type { Host } from './host.ts'

/** Sessions handled side by side, so that their commits share an fsync. */
const side = 64

/** Expected while many nodes look after the same sessions; anything else is told. */
const quiet: readonly FailureCode[] = ['moved', 'not_found', 'session_damaged']

export interface Housekeeping {
  readonly journal: Journal
  readonly host: Host
  readonly onBug: (error: unknown) => void
}

const each = async (
  { onBug }: Housekeeping,
  lines: readonly Listed[],
  work: (line: Listed) => Promise<void>,
): Promise<void> => {
  await Promise.all(
    lines.map((line) =>
      work(line).catch((error: unknown) => {
        const failure = toFailure(error)
        if (!quiet.includes(failure.code)) onBug(failure)
      }),
    ),
  )
}

const pages = async function* (journal: Journal, options: ListOptions): AsyncGenerator<readonly Listed[]> {
  let before = options.before
  for (;;) {
    const lines = await journal.list({ ...options, limit: side, ...(before !== undefined && { before }) })
    const last = lines.at(-1)
    if (last === undefined) return
    before = { updated_at: last.updated_at, id: last.id }
    yield lines
  }
}

/** Opens every session with a turn that nobody runs: opening recovers it. */
export const recover = async (house: Housekeeping): Promise<void> => {
  const busy: Listed[] = []
  for await (const lines of pages(house.journal, { busy: true })) busy.push(...lines)
  for (let i = 0; i < busy.length; i += side)
    await each(house, busy.slice(i, i + side), async ({ id }) => void (await house.host.get(id)))
}

/** Replaces the events of sessions that rest since `olderThan` (ms since 1970) by their state. Resolves with how many. */
export const trim = async (house: Housekeeping, olderThan: number): Promise<number> => {
  let trimmed = 0
  for await (const lines of pages(house.journal, { before: { updated_at: olderThan, id: '' } })) {
    await each(house, lines, async ({ id, head }) => {
      const { floor } = await house.journal.head(id)
      if (floor >= head) return
      const { owner, busy } = await house.host.get(id)
      await owner.idle()
      const state = owner.state()
      if (busy() || state.running !== null) return
      await house.journal.trim(owner.lease, state)
      await house.host.release(id, true)
      trimmed++
    })
  }
  return trimmed
}
