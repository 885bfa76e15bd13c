import type { KeyName } from '../config/keys.ts'
import type { Settings } from '../config/load.ts'
import type { Io } from './io.ts'

export interface OptionSpec {
  /** What stands for the value in the help; without it the option is a switch. */
  readonly value?: string
  readonly short?: string
  readonly help: string
}

/** One command, as data: parsing and help come from here. */
export interface Command {
  readonly name: string
  /** One line. */
  readonly summary: string
  /** What may follow the name, a line a form. */
  readonly usage: readonly string[]
  /** What is good to know, in paragraphs. */
  readonly about?: readonly string[]
  readonly options?: Readonly<Record<string, OptionSpec>>
  /** Configuration keys that can be given as flags. */
  readonly keys: readonly KeyName[]
  /** Line and what it does. */
  readonly examples: readonly (readonly [string, string])[]
  /** Read when the command is used: a script that asks for the version pays for nothing else. */
  readonly load: () => Promise<{ readonly run: Run }>
}

/** What a command gets. */
export interface Call {
  readonly command: Command
  readonly args: readonly string[]
  /** Options with a value. */
  readonly values: Readonly<Record<string, string>>
  /** Switches that were given. */
  readonly switches: ReadonlySet<string>
  readonly io: Io
  /** The configuration. @throws ConfigError */
  settings(): Settings
}

/** Resolves with the exit code, one of sysexits.h or 0. */
export type Run = (call: Call) => Promise<number>
