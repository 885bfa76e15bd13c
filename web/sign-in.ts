import { h } from './dom.ts'
import { getTicket, Refused } from './rest.ts'

/** What a browser without a credential sees: how to get one. @param used it came by a link that was used up */
export const signIn = (used: boolean): HTMLElement => {
  const key = h('input', {
    type: 'password',
    id: 'key',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'hf_…',
    'aria-label': 'Key',
  })
  const said = h('p', { class: 'error', role: 'alert' })
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    said.textContent = ''
    try {
      const ticket = await getTicket(key.value.trim())
      location.assign(`/?ticket=${encodeURIComponent(ticket)}`)
    } catch (error) {
      said.textContent =
        error instanceof Refused && error.status === 401
          ? 'This key was refused: the gateway does not know it. Your text is still in the box.'
          : 'The gateway does not answer. Try again in a moment.'
    }
  }
  const form = h(
    'form',
    { class: 'choices', onsubmit: (event: SubmitEvent) => void submit(event) },
    key,
    h('button', { class: 'button primary', type: 'submit' }, 'Sign in'),
  )
  return h(
    'section',
    { class: 'card ask', 'aria-label': 'Sign in' },
    h('header', {}, h('h2', {}, used ? 'This link was used before, or is too old' : 'Sign in')),
    h(
      'p',
      {},
      'Open the link that the gateway prints when it starts (“holdfast link” prints another), or paste a key.',
    ),
    form,
    said,
  )
}
