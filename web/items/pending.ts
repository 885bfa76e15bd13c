import type { Slot } from '../../src/client/outbox.ts'
import { fill, h, icon, setText } from '../dom.ts'
import type { View } from '../keyed.ts'
import type { Actions } from '../row.ts'

export interface Pending {
  readonly slot: Slot
  readonly connected: boolean
}

/** What was said here and is not in the log yet: it waits, is on its way, or was refused. */
export const pendingMessage = (actions: Actions): View<Pending> => {
  const bubble = h('div', { class: 'bubble text' })
  const note = h('div', { class: 'note' })
  const node = h('article', { class: 'said user pending', 'aria-label': 'You, not delivered yet' }, bubble, note)
  const back = (slot: Slot, edit: boolean, words: string): HTMLElement =>
    h('button', { class: 'link', type: 'button', onclick: () => actions.takeBack(slot, edit) }, words)

  return {
    node,
    update: ({ slot, connected }) => {
      setText(bubble, promptText(slot))
      const refused = slot.state === 'refused'
      node.dataset['state'] = slot.state
      bubble.className = `bubble text ${refused ? 'refused' : slot.state === 'sent' && connected ? '' : 'waits'}`
      note.className = refused ? 'note bad' : 'note'
      fill(note, `${slot.state} ${connected} ${slot.unsure} ${slot.error?.message ?? ''}`, () => {
        if (refused)
          return [
            `Not delivered: ${slot.error?.message ?? 'refused'}`,
            back(slot, true, 'Edit'),
            back(slot, false, 'Discard'),
          ]
        if (connected) return [icon('clock'), 'Sending']
        // It may have arrived: sending it again under its id is harmless, taking it back is not possible.
        if (slot.unsure) return [icon('clock'), 'Waiting: it is sent again when the connection is back']
        return [icon('clock'), 'Waiting: goes out when the connection is back', back(slot, true, 'Edit')]
      })
    },
  }
}

export const promptText = ({ data }: Slot): string => (data as { readonly text?: string }).text ?? ''
