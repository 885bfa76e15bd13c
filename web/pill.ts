import { fill, h, icon } from './dom.ts'
import type { Pill } from './pill-words.ts'

/** The connection in the header. */
export const showPill = (node: HTMLElement, pill: Pill, retry: () => void): void => {
  node.hidden = pill.kind === 'none'
  node.dataset['kind'] = pill.kind
  node.className = `pill tone-${pill.tone}`
  // The button stays while the words beside it count down, so that it can be clicked and keeps its focus.
  fill(node, `${pill.icon} ${pill.action ?? ''}`, () => [
    icon(pill.icon),
    h('span', { class: 'words' }),
    pill.action !== undefined &&
      h('button', { class: 'link', type: 'button', onclick: retry }, pill.action === 'retry' ? 'Retry' : 'Retry now'),
  ])
  const words = node.querySelector('.words')
  if (words !== null && words.textContent !== pill.words) words.textContent = pill.words
}
