import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ConfigError } from './config/config-error.ts'
import { keys } from './config/keys.ts'
import { resolvePath } from './config/kinds.ts'
import { loadConfig, type Inputs, type Settings } from './config/load.ts'

export interface ConfigSources {
  /** Flags by their names without the dashes; `config` names the file. */
  readonly flags?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

/**
 * The configuration: flags, then environment, then one file (`--config`, `HOLDFAST_CONFIG`, or `holdfast.json` in the
 * data folder), then defaults.
 * @throws ConfigError
 */
export const readConfig = ({ flags = {}, env = process.env, cwd = process.cwd() }: ConfigSources = {}): Settings => {
  const { config: flag, ...rest } = flags
  const named = flag ?? (env['HOLDFAST_CONFIG'] || undefined)
  const data = resolvePath(rest['data'] ?? (env['HOLDFAST_DATA'] || keys.data.default), cwd)
  const file = readFile(named === undefined ? join(data, 'holdfast.json') : resolve(cwd, named), named !== undefined)
  if (named === undefined && file?.values['data'] !== undefined)
    throw new ConfigError([
      {
        key: 'data',
        source: file.path,
        message:
          'the file that is found in the data folder cannot name another one. Use HOLDFAST_DATA, or --config with this file.',
      },
    ])
  return loadConfig({ flags: rest, env, cwd, ...(file !== undefined && { file }) })
}

const readFile = (path: string, mustExist: boolean): Inputs['file'] => {
  const problem = (message: string) => new ConfigError([{ key: 'the file', source: path, message }])
  let content
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!mustExist && (code === 'ENOENT' || code === 'ENOTDIR')) return undefined
    throw problem(`it cannot be read (${code}). Check its path and its permissions.`)
  }
  try {
    const values: unknown = JSON.parse(content)
    if (typeof values === 'object' && values !== null && !Array.isArray(values))
      return { path, values: values as Readonly<Record<string, unknown>> }
  } catch (error) {
    // V8 quotes what stands there, which may be a secret: only the place is told.
    const at = /line \d+ column \d+/.exec(String(error))?.[0]
    throw problem(`it is not valid JSON${at === undefined ? '' : ` (${at})`}.`)
  }
  throw problem('it must be one JSON object, like {"port": 9000}.')
}
