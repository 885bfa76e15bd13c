import { fill, h, icon, setText } from '../dom.ts'
import { growing } from '../growing.ts'
import type { View } from '../keyed.ts'
import type { ItemOf } from '../row.ts'
import { pretty, toolWords } from '../words.ts'

/** A tool: what it does, how far it is, what went in and what came out. */
export const toolCard = (): View<ItemOf<'tool'>> => {
  const title = h('h3')
  const sub = h('span', { class: 'sub' })
  const is = h('span', { class: 'is' })
  const progress = h('progress', { max: 1, hidden: true })
  const where = h('p', { class: 'note', hidden: true })
  const error = h('p', { class: 'error', hidden: true })
  const output = h('pre', { tabindex: 0, hidden: true, 'aria-label': 'Output' })
  const input = fold('Input')
  const result = fold('Result')
  const showOutput = growing(output)
  const node = h(
    'section',
    { class: 'card tool' },
    h('header', {}, title, sub, is),
    progress,
    where,
    error,
    output,
    input.node,
    result.node,
  )
  return {
    node,
    update: ({ tool, output: text }) => {
      const { words, icon: picture } = toolWords[tool.state]
      node.dataset['state'] = tool.state
      setText(title, tool.title ?? tool.name)
      setText(sub, tool.title === undefined ? '' : tool.name)
      is.className = `is ${tool.state}`
      fill(is, tool.state, () => [icon(picture), words])
      progress.hidden = tool.state !== 'running' || tool.progress === undefined
      progress.value = tool.progress ?? 0
      progress.setAttribute('aria-label', `Progress of ${tool.title ?? tool.name}`)
      const places = (tool.locations ?? []).map(({ path, line }) => (line === undefined ? path : `${path}:${line}`))
      where.hidden = places.length === 0
      setText(where, places.join(', '))
      error.hidden = tool.error === undefined
      setText(error, tool.error ?? '')
      output.hidden = text === ''
      showOutput(text)
      input.show(tool.input)
      result.show(tool.output ?? tool.diff)
    },
  }
}

/** A value that is looked at when somebody wants to. */
const fold = (name: string) => {
  const body = h('pre', { tabindex: 0, 'aria-label': name })
  const node = h('details', { class: 'fold', hidden: true }, h('summary', {}, name), body)
  let shown: unknown
  return {
    node,
    show: (value: unknown): void => {
      node.hidden = value === undefined
      if (value === shown) return
      shown = value
      setText(body, pretty(value))
    },
  }
}
