import { asTyped, startCommand, table, type Io } from './io.ts'

export interface Facts {
  readonly version: string
  readonly url: string
  /** With the ticket. */
  readonly open: string
  /** The first key, when this start made it. */
  readonly key?: string
  readonly keyFile: string | undefined
  /** Who answers. */
  readonly agent: string
  readonly demo: boolean
  readonly data: string
  /** The port that was taken. */
  readonly movedFrom: number | undefined
  /** Addresses for other machines. */
  readonly others: readonly string[]
  /** Whether the page is built. */
  readonly page: boolean
  readonly linkMinutes: number
  readonly notices: readonly string[]
}

/** What a person sees when the server is up. */
export const greeting = (facts: Facts, io: Io): readonly string[] => {
  const { version, open, key, keyFile, agent, demo, data, movedFrom, others, page, linkMinutes, notices } = facts
  const rows = [
    ['Open', io.paint(['bold', 'cyan'], open)],
    ['', io.paint('dim', asTyped(`signs you in, once, within ${linkMinutes} minutes; "holdfast link" prints another`))],
    ...others.map((address) => ['', address]),
    ...(key === undefined
      ? keyFile === undefined
        ? []
        : [['Key', `in ${keyFile}`]]
      : [
          ['Key', io.paint('bold', key)],
          ['', io.paint('dim', `for programs and other devices; shown this once, kept in ${keyFile ?? ''}`)],
        ]),
    ['Agent', agent],
    ['Data', data],
  ]
  return [
    '',
    `${io.paint('bold', `Holdfast ${version}`)} is running.`,
    '',
    ...(movedFrom === undefined
      ? []
      : [`Port ${movedFrom} is taken by another program, so this is the next free one.`, '']),
    ...notices.flatMap((notice) => [io.paint('yellow', notice), '']),
    ...(page
      ? []
      : [io.paint('yellow', 'The page is not built: run "npm run build". The API and the terminal client work.'), '']),
    ...table(rows).map((line) => `  ${line}`),
    '',
    ...(demo ? hints : []),
    asTyped('In another terminal: holdfast chat, holdfast --help. Ctrl-C stops it here; every session is kept.'),
    '',
  ]
}

const hints = [
  'The demo agent needs no model; type "help" to see what it does. To talk to a real one, stop and start with one of',
  '',
  ...table([
    ['  OPENAI_BASE_URL=http://127.0.0.1:1234/v1', startCommand, 'LM Studio (Ollama: port 11434, vLLM: port 8000)'],
    ['  OPENAI_API_KEY=sk-…', startCommand, 'OpenAI'],
  ]),
  '',
]
