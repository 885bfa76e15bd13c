import type { Client } from '../src/client/client.ts'
import type { Outbox, Slot } from '../src/client/outbox.ts'
import { forgetDraft } from './drafts.ts'
import { toast } from './toasts.ts'

/**
 * Watches the outbox: what left it was acknowledged, and stays in sight until the log shows it; what was refused and is
 * no message is told in passing.
 */
export const watchSaid = (client: Client, changed: () => void) => {
  let before: Outbox = []
  let acked: readonly Slot[] = []
  const discarded = new Set<string>()

  const discard = (id: string): boolean => {
    discarded.add(id)
    return client.discard(id)
  }
  const look = (box: Outbox): void => {
    const here = new Set(box.map(({ id }) => id))
    const gone = before.filter(({ id }) => !here.has(id))
    before = box
    for (const { id, session } of gone) forgetDraft(session, id)
    acked = [...acked, ...gone.filter(({ id, type }) => type === 'prompt' && !discarded.has(id))]
    for (const { id, state, type, error } of box)
      if (state === 'refused' && type !== 'prompt' && !discarded.has(id)) {
        toast(
          error?.code === 'already_resolved'
            ? 'This question was answered before, on another page'
            : (error?.message ?? 'Refused'),
        )
        queueMicrotask(() => discard(id))
      }
    changed()
  }
  client.outbox.subscribe(look)
  return {
    discard,
    /** Acknowledged prompts of a session that its log, as far as it is here, does not show yet. */
    acked: (session: string, seen: (cause: string) => boolean): readonly Slot[] => {
      if (acked.some((slot) => slot.session === session && seen(slot.id)))
        acked = acked.filter((slot) => slot.session !== session || !seen(slot.id))
      return acked.filter((slot) => slot.session === session)
    },
  }
}
