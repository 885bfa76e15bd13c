/** One event of a text/event-stream; a comment has no event. */
export interface Message {
  readonly event: string
  readonly data: string
}

/**
 * A parser for text/event-stream: give it text as it comes, it gives the events that are whole. `id` and `retry` are of
 * no use here: the cursor comes in the control event.
 */
export const newSseParser = (): ((text: string) => readonly Message[]) => {
  let [rest, event] = ['', '']
  let data: string[] = []
  return (text) => {
    const out: Message[] = []
    // A \r at the end may be half of a \r\n: it waits for what follows.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) out.push({ event, data: data.join('\n') })
        event = ''
        data = []
        continue
      }
      const colon = line.indexOf(':')
      const name = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (name === 'data') data.push(value)
      else if (name === 'event') event = value
    }
    return out
  }
}
