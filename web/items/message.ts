import { h, fill } from '../dom.ts'
import { growing } from '../growing.ts'
import type { View } from '../keyed.ts'
import type { Actions, ItemOf } from '../row.ts'

export interface Said {
  readonly item: ItemOf<'message'>
  readonly waits: boolean
}

export const userMessage = (actions: Actions): View<Said> => {
  const bubble = h('div', { class: 'bubble text' })
  const note = h('div', { class: 'note' })
  const show = growing(bubble)
  const node = h('article', { class: 'said user', 'aria-label': 'You' }, bubble, note)
  return {
    node,
    update: ({ item, waits }) => {
      show(textParts(item).join(''))
      node.classList.toggle('queued', waits)
      note.hidden = !waits
      fill(note, String(waits), () => [
        'Queued: goes out when this turn ends',
        h('button', { class: 'link', type: 'button', onclick: () => actions.unqueue(item.turn) }, 'Remove'),
      ])
    },
  }
}

const textParts = (item: ItemOf<'message'>): readonly string[] =>
  item.parts.map((part) => (part.type === 'text' ? part.text : ''))

/** What an agent says: its parts in their order, thoughts folded away. */
export const agentMessage = (): View<Said> => {
  const node = h('article', { class: 'said agent', 'aria-label': 'Agent' })
  const parts: { readonly type: string; readonly node: HTMLElement; readonly show: (text: string) => void }[] = []
  return {
    node,
    update: ({ item }) => {
      node.classList.toggle('system', item.role === 'system')
      node.setAttribute('aria-busy', String(!item.final))
      for (const [index, part] of item.parts.entries()) {
        let view = parts[index]
        if (view === undefined || view.type !== part.type) {
          const made = { type: part.type, ...partView(part.type) }
          if (view === undefined) node.append(made.node)
          else view.node.replaceWith(made.node)
          parts[index] = view = made
        }
        view.show(part.type === 'image' ? `${part.alt ?? 'An image'}: ${part.url}` : part.text)
      }
      for (const { node: gone } of parts.splice(item.parts.length)) gone.remove()
    },
  }
}

const partView = (type: string): { readonly node: HTMLElement; readonly show: (text: string) => void } => {
  const text = h('div', { class: 'text', 'data-part': type })
  if (type !== 'thinking') return { node: text, show: growing(text) }
  return { node: h('details', { class: 'thinking' }, h('summary', {}, 'Thinking'), text), show: growing(text) }
}
