import { flagOf, keyNames, keyOf, type KeyName } from '../config/keys.ts'
import type { Origin, Settings } from '../config/load.ts'
import type { Run } from './command.ts'
import { exit } from './exit.ts'

/** A value as it may be shown. */
const shown = (name: KeyName, value: unknown): unknown => {
  if (keyOf(name).secret) return value === '' ? '' : '(set, not shown)'
  return value
}
const asText = (value: unknown): string => {
  const text = Array.isArray(value) ? value.join(', ') : String(value)
  return text === '' ? '(none)' : text
}

const from = ({ source, name }: Origin): string =>
  ({ flag: name, environment: name, file: name, default: 'default' })[source]

const asJson = ({ config, origins }: Settings) =>
  Object.fromEntries(
    keyNames.map((name) => {
      const { default: fallback, help, env } = keyOf(name)
      const { source, name: where } = origins[name]
      const place = source === 'default' ? {} : { from: where }
      return [
        name,
        { value: shown(name, config[name]), source, ...place, default: fallback, help, env, flag: `--${flagOf(name)}` },
      ]
    }),
  )

export const run: Run = (call) => {
  const { io, switches } = call
  const settings = call.settings()
  if (switches.has('json')) {
    io.out(JSON.stringify(asJson(settings)))
    return Promise.resolve(exit.ok)
  }
  io.out(io.paint('dim', settings.file === undefined ? 'No configuration file.' : `File: ${settings.file}`))
  for (const name of keyNames) {
    const { default: fallback, help, env } = keyOf(name)
    const origin = settings.origins[name]
    const value = asText(shown(name, settings.config[name]))
    io.out('')
    io.out(`${io.paint('bold', name)} = ${value}  ${io.paint('dim', `(${from(origin)})`)}`)
    io.out(`  ${help}`)
    io.out(
      io.paint(
        'dim',
        `  --${flagOf(name)} · ${env.join(', ')} · default ${asText(keyOf(name).secret ? '' : fallback)}`,
      ),
    )
  }
  return Promise.resolve(exit.ok)
}
