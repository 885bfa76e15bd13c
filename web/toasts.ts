import { byId, h } from './dom.ts'

/** ms that a notice stays */
const life = 6_000

/** Says something in passing that nobody has to act on. */
export const toast = (words: string): void => {
  const node = h('p', { class: 'toast' }, words)
  byId('toasts').append(node)
  setTimeout(() => node.remove(), life)
}
