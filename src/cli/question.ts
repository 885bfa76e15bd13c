import type { Io } from './io.ts'
import type { Item } from './transcript.ts'

export type OpenAsk = Extract<Item, { kind: 'ask' }>

/** The option of a key: its number. */
export const optionOf = ({ ask: { options } }: OpenAsk, key: string): string | undefined =>
  /^[1-9]$/.test(key) ? options[Number(key) - 1]?.id : undefined

/** A question with what exactly is asked, and a key for each choice. */
export const describeAsk = (item: OpenAsk, io: Io): readonly string[] => {
  const { subject, options, free } = item.ask
  // The exact action where there is no text for it.
  const exact = subject.detail ?? (subject.input === undefined ? '' : JSON.stringify(subject.input, null, 2))
  return [
    '',
    io.paint(['bold', 'yellow'], io.safe(subject.title)),
    ...(exact === '' ? [] : exact.split('\n').map((line) => `  ${io.safe(line)}`)),
    ...options.map(({ label }, index) => `  ${io.paint('bold', String(index + 1))} ${io.safe(label)}`),
    ...(free === true ? [io.paint('dim', '  or type an answer')] : []),
  ]
}
