import { theOne } from './dom.ts'

export interface ComposerOptions {
  readonly send: (text: string) => void
  readonly stop: () => void
  /** At each keystroke. */
  readonly typed: (text: string) => void
}

/** The message box. It can always be typed in: what cannot be sent now waits. */
export const createComposer = ({ send, stop, typed }: ComposerOptions) => {
  const form = theOne(HTMLFormElement, 'composer')
  const area = theOne(HTMLTextAreaElement, 'text')
  const stopButton = theOne(HTMLButtonElement, 'stop')
  const sendButton = theOne(HTMLButtonElement, 'send')
  const grows = CSS.supports('field-sizing', 'content')

  /** Where the style sheet cannot let it grow with its text. */
  const fit = (): void => {
    if (grows) return
    area.style.height = 'auto'
    area.style.height = `${area.scrollHeight}px`
  }
  let busy = false
  /** While a turn runs and nothing is typed there is only something to stop. */
  const mark = (): void => {
    const empty = area.value.trim() === ''
    sendButton.setAttribute('aria-disabled', String(empty))
    sendButton.hidden = busy && empty
    stopButton.hidden = !busy
    stopButton.classList.toggle('primary', sendButton.hidden)
  }
  const set = (text: string): void => {
    area.value = text
    fit()
    mark()
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (area.value.trim() !== '') send(area.value)
    area.focus()
  })
  area.addEventListener('input', () => {
    fit()
    mark()
    typed(area.value)
  })
  area.addEventListener('keydown', (event) => {
    // Enter that picks a word of an input method is no Enter; 229 is what Safari says there.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
    event.preventDefault()
    form.requestSubmit()
  })
  stopButton.addEventListener('click', stop)
  mark()
  return {
    set,
    text: () => area.value,
    focus: () => area.focus(),
    /** @param running a turn runs: it can be stopped, and what is sent waits for its end */
    show: (running: boolean, stopping: boolean, placeholder: string): void => {
      if (!running && document.activeElement === stopButton) area.focus()
      busy = running
      mark()
      stopButton.textContent = stopping ? 'Stopping' : 'Stop'
      sendButton.textContent = running ? 'Queue' : 'Send'
      area.placeholder = placeholder
    },
  }
}
