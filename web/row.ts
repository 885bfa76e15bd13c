import type { Item } from '../src/core/session.ts'
import type { Slot } from '../src/client/outbox.ts'

export type ItemOf<K extends Item['kind']> = Extract<Item, { kind: K }>

/** One line of the thread: something of the log, or something said here that is not in the log yet. */
export type Row =
  | {
      readonly type: 'item'
      readonly item: Item
      /** A prompt that waits for its turn, or a question whose answer is on its way. */
      readonly waits: boolean
    }
  | { readonly type: 'slot'; readonly slot: Slot; readonly connected: boolean }

/** What a person can do in the thread. */
export interface Actions {
  readonly answer: (ask: string, said: { readonly option?: string; readonly text?: string }) => void
  /** Takes a prompt out of the queue. */
  readonly unqueue: (turn: string) => void
  /** Says the prompt of this turn again. */
  readonly again: (turn: string) => void
  /** Takes back what was not delivered; `edit` puts its text into the message box. */
  readonly takeBack: (slot: Slot, edit: boolean) => void
  /** A principal in words. */
  readonly nameOf: (by: string) => string
}
