import type { Fields, Outcome } from '../src/core/events.ts'
import type { SessionStatus } from '../src/core/session.ts'
import type { IconName } from './icon-name.ts'

/** 1 message, 2 messages */
export const plural = (count: number, one: string, more = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : more}`

/** As the first word of a sentence. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** 940 tokens, 18.2k tokens */
export const tokens = (count: number): string =>
  count < 1000 ? plural(count, 'token') : `${(count / 1000).toFixed(1)}k tokens`

/** Time of day, as people here write it. @param at ms since 1970 */
export const clock = (at: number): string =>
  new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** What a session is doing, for its line in the list. */
export const stateWords = (status: SessionStatus, turns: number): string => {
  if (status === 'requires_action') return 'Needs you'
  if (status === 'running') return 'Answering'
  if (status === 'closed') return 'Closed'
  return turns === 0 ? 'Nothing said yet' : `Done, ${plural(turns, 'turn')}`
}

type ToolState = Fields<'tool'>['state']
export const toolWords: Readonly<Record<ToolState, { readonly words: string; readonly icon: IconName }>> = {
  pending: { words: 'Waiting to start', icon: 'clock' },
  running: { words: 'Running', icon: 'spinner' },
  completed: { words: 'Done', icon: 'check' },
  failed: { words: 'Failed', icon: 'cross' },
  denied: { words: 'Denied', icon: 'cross' },
  cancelled: { words: 'Stopped', icon: 'cross' },
  unknown: { words: 'Outcome not known', icon: 'question' },
}

/** How a turn that did not complete ended: what happened, and what is safe. */
export const endWords = (outcome: Outcome): { readonly title: string; readonly safe: string } => {
  const safe = 'Everything above is saved.'
  switch (outcome) {
    case 'interrupted':
      return { title: 'Interrupted', safe }
    case 'refused':
      return { title: 'The agent declined', safe }
    case 'limit':
      return { title: 'Stopped at a limit', safe }
    default:
      return { title: 'The turn failed', safe }
  }
}

const hidden = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Text in which nothing hides: what a person is asked to allow is shown with its control and direction marks written out. */
export const plain = (text: string): string =>
  text.replace(hidden, (mark) => {
    if (mark === '\n' || mark === '\t') return mark
    return `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`
  })

/** JSON for people. */
export const pretty = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')
