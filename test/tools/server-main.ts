import { pino } from 'pino'
import { readConfig } from '../../src/config.ts'
import { start } from '../../src/start.ts'
import { fastEnv } from './env.ts'

/** The whole gateway as a process whose clock runs faster: `--speed 20`, and every flag of `serve`. */
const words = process.argv.slice(2)
const { speed = '1', ...flags } = Object.fromEntries(
  words.flatMap((word, index) => (word.startsWith('--') ? [[word.slice(2), words[index + 1] ?? '']] : [])),
)
const { config } = readConfig({ flags, env: {} })
const holdfast = await start({
  config,
  env: fastEnv(Number(speed)),
  log: pino({ level: 'warn' }, pino.destination(2)),
  version: '0.0.0-test',
  page: '',
  onFatal: () => process.exit(70),
})
process.once('SIGTERM', () => void holdfast.stop(config.drain_ms).then(() => process.exit(0)))
