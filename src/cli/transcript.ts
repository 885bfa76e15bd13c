import type { SessionState } from '../core/session.ts'
import { textOf } from '../core/session.ts'
import type { Io } from './io.ts'

export type Item = SessionState['items'][number]

const outcomes: Readonly<Record<string, string>> = {
  cancelled: 'stopped',
  failed: 'failed',
  interrupted: 'was interrupted by a restart',
  refused: 'refused',
  limit: 'reached its limit',
}

/** How a tool call stands, on one line. */
export const toolLine = ({ tool }: Extract<Item, { kind: 'tool' }>): string =>
  `⚙ ${tool.title ?? tool.name} · ${tool.state}`

/** Everything but messages, as lines; empty for what a reader of text need not see. */
export const notesOf = (item: Item, io: Io): readonly string[] => {
  if (item.kind === 'tool') return [io.paint('dim', toolLine(item))]
  if (item.kind === 'artifact') return [io.paint('dim', `◆ ${item.artifact.title} · version ${item.artifact.version}`)]
  if (item.kind === 'ask') {
    const { resolved, ask } = item
    if (resolved === null) return [io.paint('yellow', `? ${ask.subject.title}`)]
    const picked = ask.options.find(({ id }) => id === resolved.option)?.label ?? resolved.text ?? ''
    return [io.paint('dim', `? ${ask.subject.title} · ${resolved.outcome}${picked === '' ? '' : `: ${picked}`}`)]
  }
  if (item.kind === 'end' && item.outcome !== 'complete')
    return [
      io.paint(
        item.outcome === 'cancelled' ? 'dim' : 'red',
        `— ${outcomes[item.outcome] ?? item.outcome}${item.message === '' ? '' : `: ${item.message}`}${item.code === '' ? '' : ` (${item.code})`}`,
      ),
    ]
  return []
}

/** A whole session as text. */
export const transcript = (state: SessionState, io: Io): readonly string[] =>
  state.items.flatMap((item) => {
    if (item.kind !== 'message') return notesOf(item, io)
    const text = textOf(item.parts)
    return item.role === 'user' ? ['', io.paint('bold', `› ${text}`), ''] : text === '' ? [] : [text]
  })
