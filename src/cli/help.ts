import { flagOf, keyOf } from '../config/keys.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { asCommand, asTyped, table, wrap, type Io } from './io.ts'

const width = 96

const section = (io: Io, title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', io.paint('bold', title), ...lines.map((line) => (line === '' ? '' : `  ${line}`))]

const exampleLines = (examples: Command['examples']): readonly string[] =>
  examples.flatMap(([line, what]) => (what === '' ? [`$ ${asCommand(line)}`] : [`# ${what}`, `$ ${asCommand(line)}`]))

/** Two columns: names, and text that is wrapped beside them. */
const described = (rows: readonly (readonly [string, string])[]): readonly string[] => {
  const left = Math.max(...rows.map(([name]) => name.length)) + 2
  return rows.flatMap(([name, text]) =>
    wrap(text, Math.max(40, width - left)).map((line, index) => (index === 0 ? name : '').padEnd(left) + line),
  )
}

export const helpFor = (command: Command, io: Io): readonly string[] => {
  const options = Object.entries(command.options ?? {}).map(
    ([name, { value, help }]) => [`--${name}${value === undefined ? '' : ` ${value}`}`, help] as const,
  )
  const keys = command.keys.map((name) => {
    const { help, env, default: fallback, secret } = keyOf(name)
    const shown = fallback === '' || secret || (Array.isArray(fallback) && fallback.length === 0)
    return [`--${flagOf(name)}`, `${help} [${env[0]}${shown ? '' : `; ${String(fallback)}`}]`] as const
  })
  return [
    `${command.summary}.`,
    ...section(
      io,
      'Usage',
      command.usage.map((line) => asCommand(`holdfast ${line}`)),
    ),
    ...(command.about ?? []).flatMap((text) => ['', ...wrap(asTyped(text), width)]),
    ...section(io, 'Examples', exampleLines(command.examples)),
    ...section(io, 'Flags', described([...options, ['--help', 'This text.']])),
    ...section(
      io,
      'Settings [environment variable; default]',
      described([
        ...keys,
        ['--config', 'A JSON file with settings. [HOLDFAST_CONFIG; holdfast.json in the data folder]'],
      ]),
    ),
  ]
}

/** What `holdfast --help` says. */
export const overview = (io: Io): readonly string[] => [
  'Holdfast keeps sessions with coding agents: every client sees every token exactly once.',
  ...section(io, 'Start here', [
    ...exampleLines([
      ['holdfast', 'start the gateway with the demo agent, then open the address that it prints'],
      ['holdfast chat', 'talk to it in a second terminal'],
      ['holdfast doctor', 'when something is not as it should be'],
    ]),
  ]),
  ...section(io, 'Commands', table(commands.map(({ name, summary }) => [name, summary]))),
  '',
  `${asCommand('holdfast COMMAND --help')} has examples of each.`,
  'Exit codes are those of sysexits.h: 0 ok, 64 usage, 65 damaged data, 66 not found, 69 unavailable, 70 internal,',
  '73 cannot create, 74 input/output, 77 no permission, 78 configuration.',
]
