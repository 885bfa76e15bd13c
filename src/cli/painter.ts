import { isOpenAsk, type SessionState } from '../core/session.ts'
import type { Io, Style } from './io.ts'
import { noteOf, type Item } from './transcript.ts'

export interface PainterOptions {
  readonly io: Io
  readonly write: (text: string) => void
  /** Whether a prompt is on the screen already, because it was typed here. */
  readonly typedHere: (text: string) => boolean
  /** Only what the agent says, for a pipe. */
  readonly bare?: boolean
}

interface Piece {
  readonly key: string
  readonly text: string
  readonly style?: Style
}

/** The pieces of an item that grow: thinking and text apart, each in its style. */
const pieces = (item: Item, bare: boolean): readonly Piece[] => {
  if (item.kind !== 'message' || item.role === 'user') return []
  return item.parts.flatMap((part, index): readonly Piece[] => {
    const key = `${item.id}.${index}`
    if (part.type === 'text') return [{ key, text: part.text }]
    return part.type === 'thinking' && !bare ? [{ key, text: part.text, style: 'dim' }] : []
  })
}

const isSettled = (item: Item): boolean =>
  item.kind === 'message'
    ? item.final
    : item.kind === 'tool'
      ? !['pending', 'running'].includes(item.tool.state)
      : !isOpenAsk(item)

/** Writes what is new in a session: the state is the truth, so a gap, a replay or a restart cannot garble the screen. */
export const createPainter = ({ io, write, typedHere, bare = false }: PainterOptions) => {
  const shown = new Map<string, string>()
  let column = 0
  let last = ''
  let settled = 0

  const put = (text: string, style?: Style): void => {
    if (text === '') return
    const safe = io.safe(text)
    write(style === undefined ? safe : io.paint(style, safe))
    column = text.endsWith('\n') ? 0 : 1
  }
  const freshLine = (): void => {
    if (column > 0) put('\n')
  }
  const grow = ({ key, text, style }: Piece): void => {
    const before = shown.get(key) ?? ''
    if (text === before) return
    if (last !== key) freshLine()
    if (!text.startsWith(before)) {
      freshLine()
      if (!bare) put('(the answer was corrected)\n', 'dim')
      put(text, style)
    } else put(text.slice(before.length), style)
    shown.set(key, text)
    last = key
  }
  const note = (item: Item): void => {
    const line = isOpenAsk(item) ? undefined : noteOf(item)
    if (line === undefined || shown.get(item.id) === line.text) return
    freshLine()
    put(line.text, line.style)
    put('\n')
    shown.set(item.id, line.text)
  }
  const prompt = (item: Item): void => {
    if (item.kind !== 'message' || item.role !== 'user' || shown.has(item.id)) return
    const text = item.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    shown.set(item.id, text)
    if (typedHere(text)) return
    freshLine()
    put(`\n› ${text}\n\n`, 'bold')
  }
  return {
    /** @param from index of the first item that is of interest */
    paint: ({ items }: SessionState, from = 0): void => {
      settled = Math.max(settled, from)
      for (const item of items.slice(settled)) {
        for (const piece of pieces(item, bare)) grow(piece)
        if (!bare) {
          prompt(item)
          note(item)
        }
      }
      while (settled < items.length && isSettled(items[settled] as Item)) settled++
    },
    freshLine,
    /** Something else was written: the cursor is at the start of a line. */
    interrupted: (): void => {
      column = 0
      last = ''
    },
  }
}

export type Painter = ReturnType<typeof createPainter>
