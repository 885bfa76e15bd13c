import { parseArgs } from 'node:util'
import { flagOf, keyNames } from '../config/keys.ts'
import { nearest } from '../config/nearest.ts'
import type { Command, OptionSpec } from './command.ts'
import { commands } from './commands.ts'
import { CliError, exit } from './exit.ts'

export interface Parsed {
  readonly command: Command
  readonly args: readonly string[]
  readonly values: Readonly<Record<string, string>>
  readonly switches: ReadonlySet<string>
  /** Configuration given as flags, `config` among them. */
  readonly flags: Readonly<Record<string, string>>
}
export type Asked =
  | { readonly show: 'help'; readonly command?: Command }
  | { readonly show: 'version' }
  | ({ readonly show: 'run' } & Parsed)

const usageError = (message: string): CliError => new CliError(exit.usage, message)

const named = (name: string): Command => {
  const command = commands.find((one) => one.name === name)
  if (command !== undefined) return command
  const meant = nearest(
    name,
    commands.map((one) => one.name),
  )
  throw usageError(
    `There is no command "${name}"${meant === undefined ? '' : `; did you mean "${meant}"?`} See: holdfast --help`,
  )
}

/** What a command line asks for. Without a command it is `serve`. @throws CliError 64 */
export const parse = (argv: readonly string[]): Asked => {
  const [first = '', ...rest] = argv
  if (first === '--version' || first === '-V') return { show: 'version' }
  if (first === '--help' || first === '-h') return { show: 'help' }
  if (first === 'help') return rest[0] === undefined ? { show: 'help' } : { show: 'help', command: named(rest[0]) }
  const bare = first === '' || first.startsWith('-')
  const command = named(bare ? 'serve' : first)
  return parseFor(command, bare ? argv : rest)
}

const parseFor = (command: Command, argv: readonly string[]): Asked => {
  const specs: Readonly<Record<string, OptionSpec>> = { ...command.options, help: { short: 'h', help: '' } }
  const keys = [...command.keys.map(flagOf), 'config']
  const options = {
    ...Object.fromEntries(keys.map((name) => [name, { type: 'string' as const }])),
    ...Object.fromEntries(
      Object.entries(specs).map(([name, { value, short }]) => [
        name,
        {
          type: value === undefined ? ('boolean' as const) : ('string' as const),
          ...(short !== undefined && { short }),
        },
      ]),
    ),
  }
  let parsed
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw explain(command, error, Object.keys(options))
  }
  const { values, positionals } = parsed
  if (values['help'] === true) return { show: 'help', command }
  const texts = Object.entries(values).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  const own = (name: string): boolean => Object.hasOwn(specs, name)
  return {
    show: 'run',
    command,
    args: positionals,
    values: Object.fromEntries(texts.filter(([name]) => own(name))),
    flags: Object.fromEntries(texts.filter(([name]) => !own(name))),
    switches: new Set(Object.keys(values).filter((name) => values[name] === true)),
  }
}

/** Node's words, with what was probably meant. */
const explain = (command: Command, error: unknown, known: readonly string[]): CliError => {
  const { message, code } = error as NodeJS.ErrnoException
  const name = /'(--?[\w-]+)/.exec(message)?.[1] ?? ''
  const see = `See: holdfast ${command.name} --help`
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
    return usageError(`${message.split('\n')[0]?.replace(/\.$/, '')}. ${see}`)
  const meant = nearest(name.replace(/^-+/, ''), known)
  const setting = keyNames.map(flagOf).includes(name.replace(/^-+/, ''))
  if (setting) return usageError(`"holdfast ${command.name}" does not take ${name}: that is for the server. ${see}`)
  return usageError(`There is no ${name}${meant === undefined ? '' : `; did you mean --${meant}?`} ${see}`)
}
