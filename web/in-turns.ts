import type { Item, SessionState } from '../src/core/session.ts'

/**
 * The items of a session turn by turn: a prompt that was said while another turn ran stands where its own turn begins.
 * Everything else is in the order of the log.
 */
export const inTurns = ({
  items,
  queue,
  running,
}: Pick<SessionState, 'items' | 'queue' | 'running'>): readonly Item[] => {
  const begins = new Map<string, number>()
  for (const [index, item] of items.entries())
    if (!isPrompt(item) && !begins.has(item.turn)) begins.set(item.turn, index)
  const open = new Set([...queue.map(({ turn }) => turn), running?.turn])
  const place = (item: Item, index: number): number =>
    isPrompt(item) ? Math.max(index, begins.get(item.turn) ?? (open.has(item.turn) ? items.length : 0)) : index
  const placed = items.map((item, index) => ({ item, at: place(item, index) }))
  // A prompt has the place of the item that it goes before.
  return placed
    .toSorted((a, b) => a.at - b.at || Number(isPrompt(b.item)) - Number(isPrompt(a.item)))
    .map(({ item }) => item)
}

const isPrompt = (item: Item): boolean => item.kind === 'message' && item.role === 'user'
