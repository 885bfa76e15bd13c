import { fill, h, setText } from '../dom.ts'
import type { View } from '../keyed.ts'
import type { Actions, ItemOf } from '../row.ts'
import { plain, pretty } from '../words.ts'

export interface Asked {
  readonly item: ItemOf<'ask'>
  /** An answer of ours is on its way. */
  readonly waits: boolean
}

/** A question: word for word what is asked, and what can be answered; afterwards what was, and by whom. */
export const askCard = (actions: Actions): View<Asked> => {
  const title = h('h3')
  const is = h('span', { class: 'is' })
  const body = h('div')
  const choices = h('div', { class: 'choices' })
  const node = h('section', { class: 'card ask' }, h('header', {}, title, is), body, choices)
  return {
    node,
    update: ({ item, waits }) => {
      const { ask, resolved, id } = item
      node.id = `ask-${id}`
      node.dataset['state'] = resolved === null ? 'open' : resolved.outcome
      node.classList.toggle('open', resolved === null)
      setText(title, plain(ask.subject.title))
      setText(is, resolved === null ? (ask.kind === 'permission' ? 'Needs your permission' : 'Needs your answer') : '')
      fill(body, id, () => subject(ask.subject))
      const had = choices.contains(document.activeElement)
      fill(choices, resolved?.outcome ?? (waits ? 'waits' : 'open'), () =>
        resolved === null
          ? waits
            ? ['Your answer is on its way.']
            : buttons(item, actions)
          : [outcome(item, actions)],
      )
      // The button that had the focus is gone: a keyboard must not fall back to the top of the page.
      if (had && !choices.contains(document.activeElement)) document.getElementById('text')?.focus()
    },
  }
}

const subject = ({ detail, input }: ItemOf<'ask'>['ask']['subject']): readonly Node[] => [
  ...(detail === undefined ? [] : [h('pre', { tabindex: 0, 'aria-label': 'Details' }, plain(detail))]),
  ...(input === undefined
    ? []
    : [
        h(
          'details',
          { class: 'fold' },
          h('summary', {}, 'Exact input'),
          h('pre', { tabindex: 0, 'aria-label': 'Exact input' }, plain(pretty(input))),
        ),
      ]),
]

const buttons = ({ id, ask }: ItemOf<'ask'>, { answer }: Actions): readonly Node[] => {
  const first = ask.options.findIndex(({ kind }) => kind === 'allow_once')
  const options = ask.options.map(({ id: option, label }, index) =>
    h(
      'button',
      {
        class: index === first ? 'button primary' : 'button',
        type: 'button',
        'data-option': option,
        onclick: () => answer(id, { option }),
      },
      label,
    ),
  )
  if (ask.free !== true) return options
  const words = h('input', { type: 'text', 'aria-label': 'Your own answer', placeholder: 'Or in your own words' })
  const say = (): void => {
    if (words.value.trim() !== '') answer(id, { text: words.value })
  }
  words.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing) return
    event.preventDefault()
    say()
  })
  return [...options, words, h('button', { class: 'button', type: 'button', onclick: say }, 'Answer')]
}

const outcome = ({ ask, resolved }: ItemOf<'ask'>, { nameOf }: Actions): Node => {
  if (resolved === null || resolved.outcome === 'cancelled') return h('p', {}, 'Not answered: the turn was ended.')
  if (resolved.outcome === 'expired') return h('p', {}, 'Nobody answered in time.')
  const label = ask.options.find(({ id }) => id === resolved.option)?.label
  const said = [label, resolved.text === undefined ? undefined : `“${resolved.text}”`].filter(
    (one) => one !== undefined,
  )
  return h('p', { class: 'answered' }, h('strong', {}, said.join(', ')), `, answered by ${nameOf(resolved.by)}`)
}
