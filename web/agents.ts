import type { SessionState } from '../src/core/session.ts'
import { fill, h, setText } from './dom.ts'
import type { AgentLine } from './rest.ts'
import { tokens } from './words.ts'

/** Says who answers, and lets a new session pick where there is more than one. */
export const createAgentChoice = (hint: HTMLElement, who: HTMLElement) => {
  let picked = ''

  const choice = (agents: readonly AgentLine[]): HTMLElement => {
    const select = h(
      'select',
      { 'aria-label': 'Who answers' },
      ...agents.map(({ name, title }) => h('option', { value: name, selected: name === picked }, title)),
    )
    select.addEventListener('change', () => {
      picked = select.value
    })
    return select
  }

  return {
    picked: () => picked,
    /** @returns who answers, in a word, and whether it is the built-in script */
    show: (state: SessionState, isNew: boolean, agents: readonly AgentLine[]) => {
      const wanted = isNew ? picked : (state.running?.agent ?? state.agent)
      const agent = agents.find(({ name }) => name === wanted) ?? (wanted === '' ? agents[0] : undefined)
      const name = agent?.name ?? wanted
      setText(who, [agent?.title ?? wanted, state.model].filter((word) => word !== '').join(', '))
      const used = state.usage.input + state.usage.output
      const pick = isNew && agents.length > 1
      fill(hint, pick ? `pick ${agents.map((one) => one.name).join(' ')}` : `used ${used}`, () => [
        pick ? choice(agents) : used > 0 && tokens(used),
      ])
      return { name: name === 'demo' ? 'the demo agent' : name, demo: name === 'demo' }
    },
  }
}
