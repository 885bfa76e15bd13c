import { dirname } from 'node:path'
import { ConfigError, type Problem } from './config-error.ts'
import { flagOf, keyNames, keyOf, type Config, type KeyName } from './keys.ts'
import { resolvePath } from './kinds.ts'
import { nearest } from './nearest.ts'

export type Source = 'flag' | 'environment' | 'file' | 'default'

/** Where a value was written: `--port`, `HOLDFAST_PORT`, or the path of the file. */
export interface Origin {
  readonly source: Source
  readonly name: string
}

export interface Settings {
  readonly config: Config
  readonly origins: Readonly<Record<KeyName, Origin>>
  /** The file that was read, if there was one. */
  readonly file: string | undefined
}

/** Where values come from, read. Flags are by their names without the dashes. */
export interface Inputs {
  readonly flags: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly file?: { readonly path: string; readonly values: Readonly<Record<string, unknown>> }
  /** Working folder. */
  readonly cwd: string
}

interface Written extends Origin {
  /** For messages: the key as it is written there. */
  readonly key: string
  readonly value: unknown
}

/** An empty variable is what `docker run -e NAME=` and unset secrets leave behind: it counts as not set. */
const find = (name: KeyName, { flags, env, file }: Inputs): Written | undefined => {
  const flag = flags[flagOf(name)]
  if (flag !== undefined) return { source: 'flag', name: `--${flagOf(name)}`, key: `--${flagOf(name)}`, value: flag }
  const variable = keyOf(name).env.find((one) => (env[one] ?? '') !== '')
  if (variable !== undefined) return { source: 'environment', name: variable, key: variable, value: env[variable] }
  if (file !== undefined && Object.hasOwn(file.values, name))
    return { source: 'file', name: file.path, key: name, value: file.values[name] }
  return undefined
}

const places: Record<Source, (name: string) => string> = {
  flag: () => 'command line',
  environment: () => 'environment',
  file: (name) => name,
  default: () => 'default',
}

const unexpanded = /\$\{\w+\}|^\$\w+$/

/** What is wrong with a value, in words; undefined when nothing is. */
const complain = (name: KeyName, { value, source, key }: Written): string | undefined => {
  const { type, wants, secret } = keyOf(name)
  const shown = secret ? 'what is there' : JSON.stringify(value)
  const variable = (JSON.stringify(value) ?? '').match(/\$\{(\w+)\}/)?.[1] ?? 'NAME'
  if ([value].flat().some((one) => typeof one === 'string' && unexpanded.test(one)))
    return `it still has a variable in it (\${${variable}}), which nothing here replaces. Write the value itself${
      source === 'file' ? `, or leave it out and set ${keyOf(name).env[0]} in the environment` : ''
    }.`
  if (source === 'environment' && key.endsWith('_PORT') && String(value).startsWith('tcp://'))
    return `${shown} comes from Kubernetes, which makes such a variable for a Service called "holdfast". Set enableServiceLinks: false in the pod, or --port.`
  if (name === 'database' && /^postgres(ql)?:/.test(String(value)))
    return 'PostgreSQL is not spoken yet: give the path of an SQLite file, or leave it out.'
  return type.safeParse(value).success ? undefined : `it must be ${wants}, not ${shown}.`
}

/** Ours by their prefix, but not settings: switches of our tests, and what Kubernetes makes for a Service of this name. */
const notSettings = /^HOLDFAST_(TEST_|NIGHTLY$|CONFIG$|URL$|SERVICE_|PORT_\d+_|.*_SERVICE_)/

const unknownKeys = ({ env, file }: Inputs): readonly Problem[] => {
  const variables = new Set(keyNames.flatMap((name) => keyOf(name).env))
  const strange = Object.keys(env).filter(
    (name) => name.startsWith('HOLDFAST_') && !variables.has(name) && !notSettings.test(name),
  )
  const names = Object.keys(file?.values ?? {}).filter(
    (name) => name !== '$schema' && !keyNames.some((one) => one === name),
  )
  return [
    ...strange.map((name) => ({ key: name, source: 'environment', message: notKnown(name, [...variables]) })),
    ...names.map((name) => ({ key: name, source: file?.path ?? '', message: notKnown(name, keyNames) })),
  ]
}
const notKnown = (name: string, known: readonly string[]): string => {
  const meant = nearest(name, known)
  return `there is no such key${meant === undefined ? '' : `; did you mean ${meant}?`} "holdfast config" lists them all.`
}

/** What a relative path is relative to. */
const base = ({ source, name }: Origin, { cwd }: Inputs, data: unknown): string => {
  if (source === 'file') return dirname(name)
  return source === 'default' && typeof data === 'string' ? data : cwd
}

/**
 * Flags before environment before file before default, key by key.
 * @throws ConfigError that tells everything that is wrong
 */
export const loadConfig = (inputs: Inputs): Settings => {
  const problems: Problem[] = [...unknownKeys(inputs)]
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const name of keyNames) {
    const key = keyOf(name)
    const written = find(name, inputs)
    const problem = written && complain(name, written)
    if (written !== undefined && problem !== undefined)
      problems.push({ key: written.key, source: places[written.source](written.name), message: problem })
    const value = problem === undefined && written !== undefined ? key.type.parse(written.value) : key.default
    origins[name] =
      written === undefined ? { source: 'default', name: '' } : { source: written.source, name: written.name }
    values[name] = key.path ? resolvePath(String(value), base(origins[name], inputs, values['data'])) : value
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { config: values as unknown as Config, origins: origins as Settings['origins'], file: inputs.file?.path }
}
