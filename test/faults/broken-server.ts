import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { demoAgent } from '../../src/agents/demo/demo-agent.ts'
import { dialects } from '../../src/dialects/index.ts'
import { systemEnv } from '../../src/env.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { openIdentity } from '../../src/http/identity.ts'
import { createServer } from '../../src/http/serve.ts'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { switches, type Switch, type SwitchName } from './switches.ts'

/** A server like the real one with one rule broken, as a process: `--data`, `--port`, `--break`. */
const { values } = parseArgs({
  options: { data: { type: 'string' }, port: { type: 'string' }, break: { type: 'string', default: 'none' } },
})
const { data = '', port = '0' } = values
const broken: Switch = switches[values.break as SwitchName]
const env = systemEnv
const sqlite = await openSqliteJournal({ file: join(data, 'holdfast.db'), onFatal: () => process.exit(70) })
const identity = openIdentity({ dir: data, env })
const gateway = createGateway({
  journal: broken.journal?.(sqlite) ?? sqlite,
  agents: [demoAgent({ env })],
  env,
  node: `broken-${process.pid}`,
  hash: (text) => createHash('sha256').update(text).digest('base64url'),
})
const server = createServer({
  gateway,
  identity,
  dialects: dialects.map((dialect) => broken.dialect?.(dialect) ?? dialect),
  env,
  log: pino({ level: 'silent' }),
  version: '0.0.0-broken',
  limits: { connectionsPerKey: 1000 },
})
await gateway.recover()
await server.listen('127.0.0.1', Number(port))
