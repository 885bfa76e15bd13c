import { h, icon, setText } from './dom.ts'
import { keyed, type View } from './keyed.ts'
import { stateWords } from './words.ts'
import type { SessionStatus } from '../src/core/session.ts'

/** A session in the list: one that the server has, or one that still waits here to be made. */
export interface Listed {
  readonly id: string
  readonly title: string
  readonly status: SessionStatus
  readonly turns: number
  readonly current: boolean
  /** Not made yet: what made it waits for the connection. */
  readonly waits: boolean
  /** Named by the first of each group. */
  readonly group: string
}

const groups: readonly { readonly name: string; readonly has: (status: SessionStatus) => boolean }[] = [
  { name: 'Needs you', has: (status) => status === 'requires_action' },
  { name: 'Running', has: (status) => status === 'running' },
  { name: 'Recent', has: (status) => status === 'idle' || status === 'closed' },
]

type Entry = { readonly heading: string } | Listed

/** In groups, what needs somebody first; inside a group in the order given. */
export const grouped = (list: readonly Omit<Listed, 'group'>[]): readonly Entry[] =>
  groups.flatMap(({ name, has }) => {
    const rows = list.filter(({ status }) => has(status)).map((row) => ({ ...row, group: name }))
    return rows.length === 0 ? [] : [{ heading: name }, ...rows]
  })

export const createSessionList = (node: HTMLElement, open: (id: string) => void) =>
  keyed<Entry>(node, {
    key: (entry) => ('heading' in entry ? `group ${entry.heading}` : entry.id),
    same: (a, b) =>
      'heading' in a || 'heading' in b
        ? 'heading' in a && 'heading' in b && a.heading === b.heading
        : a.title === b.title &&
          a.status === b.status &&
          a.turns === b.turns &&
          a.current === b.current &&
          a.waits === b.waits,
    create: (entry) => ('heading' in entry ? heading(entry.heading) : line(entry.id, open)),
  })

const heading = (name: string): View<Entry> => ({ node: h('h2', {}, name), update: () => {} })

const line = (id: string, open: (id: string) => void): View<Entry> => {
  const name = h('span', { class: 'name' })
  const dot = h('span', {}, icon('dot'))
  const state = h('span', { class: 'state' })
  const node = h(
    'button',
    { class: 'session', type: 'button', 'data-id': id, onclick: () => open(id) },
    name,
    dot,
    state,
  )
  return {
    node,
    update: (entry) => {
      if ('heading' in entry) return
      setText(name, entry.title === '' ? 'New session' : entry.title)
      setText(state, entry.waits ? 'Waits for the connection' : stateWords(entry.status, entry.turns))
      dot.className = `dot ${entry.status}`
      node.toggleAttribute('aria-current', entry.current)
      if (entry.current) node.setAttribute('aria-current', 'page')
    },
  }
}
