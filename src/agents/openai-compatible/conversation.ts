import type { Turn } from '../../core/ports.ts'
import { textOf } from '../../core/session.ts'

/** A message as chat completion servers take it. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/**
 * What the model is sent: the system prompt and the text of every turn up to this one. Prompts that still wait are left
 * out, and so is what an earlier attempt of this turn said. Neighbours of one role are joined, because the templates of
 * many local models demand that roles alternate.
 */
export const conversationOf = ({ session, id, prompt }: Turn): readonly ChatMessage[] => {
  const waiting = new Set(session.queue.map((queued) => queued.turn))
  // A prompt that was queued lies before the end of the turn it waited for: turns are put back in one piece.
  const turns = new Map<string, ChatMessage[]>()
  for (const item of session.items) {
    if (item.kind !== 'message' || waiting.has(item.turn) || item.id === prompt.mid) continue
    if (item.turn === id && item.role !== 'user') continue
    const said = turns.get(item.turn) ?? []
    turns.set(item.turn, said)
    said.push({ role: item.role, content: textOf(item.parts) })
  }
  const steering = turns.get(id) ?? []
  turns.delete(id)
  const before = [...turns.values()].flat()
  return joined([
    { role: 'system', content: session.system_prompt },
    ...before,
    { role: 'user', content: prompt.text },
    ...steering,
  ])
}

const joined = (messages: readonly ChatMessage[]): readonly ChatMessage[] => {
  const out: ChatMessage[] = []
  for (const message of messages) {
    if (message.content.trim() === '') continue
    const last = out.at(-1)
    if (last?.role === message.role) out[out.length - 1] = { ...last, content: `${last.content}\n\n${message.content}` }
    else out.push(message)
  }
  return out
}
