import { fill, h, icon, setText } from '../dom.ts'
import { growing } from '../growing.ts'
import type { View } from '../keyed.ts'
import type { Actions, ItemOf } from '../row.ts'
import { endWords } from '../words.ts'

export const artifactCard = (): View<ItemOf<'artifact'>> => {
  const title = h('h3')
  const sub = h('span', { class: 'sub' })
  const is = h('span', { class: 'is' })
  const body = h('pre', { tabindex: 0, 'aria-label': 'Content' })
  const show = growing(body)
  const node = h('section', { class: 'card artifact' }, h('header', {}, title, sub, is), body)
  return {
    node,
    update: ({ artifact }) => {
      setText(title, artifact.title)
      setText(sub, artifact.kind)
      setText(is, `Version ${artifact.version}`)
      show(artifact.body)
    },
  }
}

export const stepLine = (): View<ItemOf<'step'>> => {
  const node = h('div', { class: 'busy step' })
  const pictures = { running: 'spinner', done: 'check', failed: 'cross' } as const
  return {
    node,
    update: ({ step }) => {
      const far = step.progress === undefined ? '' : `, ${Math.round(step.progress * 100)} %`
      const words = { running: `running${far}`, done: 'done', failed: 'failed' }[step.state]
      fill(node, `${step.title} ${words}`, () => [icon(pictures[step.state]), `${step.title}: ${words}`])
    },
  }
}

export const logLine = (): View<ItemOf<'log'>> => {
  const node = h('div', { class: 'log text' })
  return {
    node,
    update: ({ level, text }) => {
      node.className = `log text ${level}`
      setText(node, level === 'info' ? text : `${level}: ${text}`)
    },
  }
}

/** How a turn ended that did not complete: what happened, what is safe, what to do. */
export const endCard = (actions: Actions): View<ItemOf<'end'>> => {
  const node = h('section')
  return {
    node,
    update: ({ outcome, code, message, turn }) => {
      node.dataset['outcome'] = outcome
      if (outcome === 'cancelled') {
        node.className = 'note'
        return setText(node, 'Stopped by you')
      }
      const { title, safe } = endWords(outcome)
      node.className = `card end ${outcome}`
      fill(node, `${outcome} ${code} ${message}`, () => [
        h('header', {}, h('h3', {}, title)),
        h('p', {}, message === '' ? safe : `${message.replace(/[.]?$/, '.')} ${message.includes('kept') ? '' : safe}`),
        h(
          'div',
          { class: 'choices' },
          h('button', { class: 'button', type: 'button', onclick: () => actions.again(turn) }, 'Ask again'),
          code !== '' && h('code', { class: 'small' }, code),
        ),
      ])
    },
  }
}
