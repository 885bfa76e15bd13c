import { sessionStatus, type SessionState } from '../src/core/session.ts'
import { fill, h, icon } from './dom.ts'
import type { IconName } from './icon-name.ts'
import { capital } from './words.ts'

export interface TailInput {
  readonly state: SessionState
  /** Rows above: none yet means that there is room for a welcome. */
  readonly rows: number
  /** Who answers, in a word. */
  readonly name: string
  /** Whether the built-in agent answers, so that things to try can be offered. */
  readonly demo: boolean
  readonly connected: boolean
  /** The session is being read for the first time. */
  readonly loading: boolean
  /** Why the session cannot be shown, in words; empty: it can. */
  readonly failed: string
}

const tries = ['hello', 'think', 'tool', 'write a file', 'ask me', 'count to 1000 at 100/s']
const pictures: Readonly<Record<string, IconName>> = { pending: 'clock', running: 'spinner', done: 'check' }

/** What comes after the last message: what the agent does right now, or what to do where nothing was said yet. */
export const createTail = (node: HTMLElement, send: (text: string) => void) => {
  const say = (text: string): HTMLElement =>
    h('button', { class: 'button', type: 'button', onclick: () => send(text) }, text)
  const welcome = (name: string, demo: boolean): HTMLElement =>
    h(
      'section',
      { class: 'welcome' },
      h('h2', {}, name === '' ? 'Nothing you see here is lost' : `Ask ${name} something`),
      h(
        'p',
        {},
        'The gateway keeps every word as it comes: reload, lose the network, kill the server; the answer is here when you are back, the same on every device.',
      ),
      demo && h('p', {}, 'The demo agent is a script, without a model. Try one of these:'),
      demo && h('div', { class: 'tries' }, ...tries.map(say)),
    )
  const plan = (items: SessionState['plan']): HTMLElement =>
    h(
      'ul',
      { class: 'plan', 'aria-label': 'Plan' },
      ...items.map(({ text, state }) => h('li', {}, icon(pictures[state] ?? 'clock'), `${text} (${state})`)),
    )

  return ({ state, rows, name, demo, loading, failed, connected }: TailInput): void => {
    const empty = rows === 0 && state.running === null
    node.classList.toggle('alone', empty)
    if (failed !== '') return fill(node, `failed ${failed}`, () => [h('p', { class: 'error' }, failed)])
    if (empty && loading) return fill(node, 'loading', () => [h('div', { class: 'busy' }, icon('spinner'), 'Loading')])
    if (empty) return fill(node, `welcome ${name} ${demo}`, () => [welcome(name, demo)])
    const { running, status } = state
    if (running === null) return fill(node, 'rest', () => [])
    const asks = connected && sessionStatus(state) === 'requires_action'
    const doing = running.cancelling ? 'Stopping' : status === '' ? `${capital(name)} is answering` : status
    // What it does right now nobody here can know without a connection.
    const then = `${capital(name)} was answering when the connection was lost`
    const words = !connected ? then : asks ? `${capital(name)} waits for your answer` : doing
    const again = running.attempt > 1 ? `, attempt ${running.attempt}` : ''
    fill(node, `${words} ${again} ${JSON.stringify(state.plan)}`, () => [
      state.plan.length > 0 && plan(state.plan),
      h('div', { class: 'busy' }, icon(asks || !connected ? 'clock' : 'spinner'), `${words}${again}`),
    ])
  }
}
