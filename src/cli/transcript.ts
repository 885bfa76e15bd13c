import { textOf, type SessionState } from '../core/session.ts'
import type { Io, Style } from './io.ts'

export type Item = SessionState['items'][number]
/** A line about something that happened. */
export interface Note {
  readonly text: string
  readonly style: Style
}

const outcomes: Readonly<Record<string, string>> = {
  cancelled: 'stopped',
  failed: 'failed',
  interrupted: 'was interrupted by a restart',
  refused: 'refused',
  limit: 'reached its limit',
}

const dim = (text: string): Note => ({ text, style: 'dim' })

/** What an item that is no message comes to, on a line; undefined for what a reader of text need not see. */
export const noteOf = (item: Item): Note | undefined => {
  switch (item.kind) {
    case 'tool':
      return dim(`⚙ ${item.tool.title ?? item.tool.name} · ${item.tool.state}`)
    case 'artifact':
      return dim(`◆ ${item.artifact.title} · version ${item.artifact.version}`)
    case 'ask': {
      const { resolved, ask } = item
      if (resolved === null) return { text: `? ${ask.subject.title}`, style: 'yellow' }
      const picked = ask.options.find(({ id }) => id === resolved.option)?.label ?? resolved.text ?? ''
      return dim(`? ${ask.subject.title} · ${resolved.outcome}${picked === '' ? '' : `: ${picked}`}`)
    }
    case 'end': {
      const { outcome, message, code } = item
      if (outcome === 'complete') return undefined
      const text = `— ${outcomes[outcome] ?? outcome}${message === '' ? '' : `: ${message}`}${code === '' ? '' : ` (${code})`}`
      return outcome === 'cancelled' ? dim(text) : { text, style: 'red' }
    }
    default:
      return undefined
  }
}

/** A whole session as text. */
export const transcript = (state: SessionState, io: Io): readonly string[] =>
  state.items.flatMap((item) => {
    if (item.kind === 'message') {
      const text = io.safe(textOf(item.parts))
      if (item.role === 'user') return ['', io.paint('bold', `› ${text}`), '']
      return text === '' ? [] : [text]
    }
    const note = noteOf(item)
    return note === undefined ? [] : [io.paint(note.style, io.safe(note.text))]
  })
