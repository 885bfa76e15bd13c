import type { SaidByAgent } from '../core/events.ts'

/** What grows something: a part of a message, or the output of a tool. */
export type Delta = Extract<SaidByAgent, { type: 'text' | 'thinking' | 'tool.output' }>

export const isDelta = (event: SaidByAgent): event is Delta =>
  event.type === 'text' || event.type === 'thinking' || event.type === 'tool.output'

/** Whether `next` grows the same thing right where `delta` ends. */
export const follows = (delta: SaidByAgent, next: Delta): delta is Delta => {
  if (delta.type !== next.type || delta.offset + delta.delta.length !== next.offset) return false
  return delta.type === 'tool.output' || next.type === 'tool.output'
    ? delta.type === 'tool.output' && next.type === 'tool.output' && delta.tid === next.tid
    : delta.mid === next.mid && delta.part === next.part
}
