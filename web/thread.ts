import type { Slot } from '../src/client/outbox.ts'
import type { SessionState } from '../src/core/session.ts'
import { inTurns } from './in-turns.ts'
import { askCard } from './items/ask.ts'
import { agentMessage, userMessage } from './items/message.ts'
import { pendingMessage } from './items/pending.ts'
import { artifactCard, endCard, logLine, stepLine } from './items/small.ts'
import { toolCard } from './items/tool.ts'
import { keyed, type View } from './keyed.ts'
import type { Actions, Row } from './row.ts'

export interface ThreadInput {
  readonly state: SessionState
  /** Commands of this session that the server has not acknowledged, oldest first. */
  readonly slots: readonly Slot[]
  /** Prompts that were acknowledged, until the log shows them. */
  readonly acked: readonly Slot[]
  readonly connected: boolean
}

/** The rows of a thread: the log as it is here, then what is said but not in it yet. */
export const rowsOf = ({ state, slots, acked, connected }: ThreadInput): readonly Row[] => {
  const queued = new Set(state.queue.map(({ mid }) => mid))
  const answered = new Set(slots.map((slot) => (slot.state === 'refused' ? undefined : askOf(slot))))
  const seen = new Set(state.items.map((item) => (item.kind === 'message' ? item.cause : undefined)))
  const said = [...acked, ...slots].filter((slot) => slot.type === 'prompt' && !seen.has(slot.id))
  return [
    ...inTurns(state).map((item): Row => {
      const waits = item.kind === 'ask' ? answered.has(item.id) : queued.has(item.id)
      return { type: 'item', item, waits }
    }),
    ...said.map((slot): Row => ({ type: 'slot', slot, connected })),
  ]
}

const askOf = ({ type, data }: Slot): string | undefined =>
  type === 'answer' ? (data as { readonly ask: string }).ask : undefined

const nameOf = (row: Row): string => (row.type === 'slot' ? `slot ${row.slot.id}` : `${row.item.kind} ${row.item.id}`)

const same = (a: Row, b: Row): boolean =>
  a.type === 'item'
    ? b.type === 'item' && a.item === b.item && a.waits === b.waits
    : b.type === 'slot' && a.slot === b.slot && a.connected === b.connected

/** Shows a thread in `node`. A row that did not change is not touched. */
export const createThread = (node: HTMLElement, actions: Actions): ((rows: readonly Row[]) => void) =>
  keyed<Row>(node, { key: nameOf, create: (row) => viewOf(row, actions), same })

const viewOf = (row: Row, actions: Actions): View<Row> => {
  if (row.type === 'slot') return only('slot', pendingMessage(actions))
  switch (row.item.kind) {
    case 'message':
      return item(row.item.role === 'user' ? userMessage(actions) : agentMessage())
    case 'ask':
      return item(askCard(actions))
    case 'tool':
      return inner(toolCard())
    case 'artifact':
      return inner(artifactCard())
    case 'step':
      return inner(stepLine())
    case 'log':
      return inner(logLine())
    case 'end':
      return inner(endCard(actions))
    default:
      return row.item satisfies never
  }
}

/** The key of a row holds its kind, so a view only ever gets rows of the kind that it was made for. */
const only = <T>(type: Row['type'], { node, update }: View<T>): View<Row> => ({
  node,
  update: (row) => {
    if (row.type === type) update(row as T)
  },
})
const item = <T>(view: View<T>): View<Row> => only('item', view)
const inner = <T>({ node, update }: View<T>): View<Row> => ({
  node,
  update: (row) => {
    if (row.type === 'item') update(row.item as T)
  },
})
