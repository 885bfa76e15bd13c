import { isOpenAsk, type SessionState } from '../src/core/session.ts'
import { fill, h } from './dom.ts'
import { capital, plain, plural } from './words.ts'
import { signIn } from './sign-in.ts'

export interface AboveInput {
  readonly state: SessionState
  readonly name: string
  readonly signedOut: boolean
  /** The browser came by a link that was used up. */
  readonly linkUsed: boolean
}

/** Brings a question into view, with the focus on its first answer. */
const review = (ask: string): void => {
  const card = document.getElementById(`ask-${ask}`)
  card?.scrollIntoView({ block: 'center' })
  card?.querySelector<HTMLElement>('.choices button')?.focus()
}

/** Between thread and message box: what needs somebody, wherever the thread is scrolled to. */
export const showAbove = (node: HTMLElement, { state, name, signedOut, linkUsed }: AboveInput): void => {
  const ask = state.items.findLast(isOpenAsk)
  const queued = state.queue.length
  fill(node, `${signedOut} ${ask?.id ?? ''} ${queued} ${name}`, () => [
    signedOut && signIn(linkUsed),
    ask !== undefined &&
      h(
        'div',
        { class: 'needs' },
        h('span', {}, `${capital(name)} needs you: ${plain(ask.ask.subject.title)}`),
        h('button', { class: 'button', type: 'button', onclick: () => review(ask.id) }, 'Review'),
      ),
    queued > 0 &&
      h(
        'p',
        { class: 'queue' },
        `${plural(queued, 'message')} queued, ${queued === 1 ? 'it goes' : 'they go'} out when this turn ends.`,
      ),
  ])
}
