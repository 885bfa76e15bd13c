import { h } from './dom.ts'

/**
 * UTF-16 units after which the next line begins a block of its own. Each block is laid out alone, so a long answer
 * costs no more a frame than a short one.
 */
const blockSize = 2_000

/**
 * Shows a text that mostly grows at its end: what is new is appended to the last text node. The blocks joined are the
 * text, to the byte.
 */
export const growing = (node: HTMLElement): ((text: string) => void) => {
  let shown = ''
  let last: Text | undefined

  const append = (text: string): void => {
    for (let at = 0; at < text.length;) {
      if (last === undefined) {
        last = document.createTextNode('')
        node.append(h('div', {}, last))
      }
      const room = Math.max(0, blockSize - last.length)
      const line = text.indexOf('\n', at + room)
      const end = line < 0 ? text.length : line + 1
      last.appendData(text.slice(at, end))
      if (line >= 0) last = undefined
      at = end
    }
  }
  return (text) => {
    if (text === shown) return
    if (!text.startsWith(shown)) {
      node.replaceChildren()
      last = undefined
      shown = ''
    }
    append(text.slice(shown.length))
    shown = text
  }
}
