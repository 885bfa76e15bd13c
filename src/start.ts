import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { demoAgent } from './agents/demo/demo-agent.ts'
import { openAiCompatible } from './agents/openai-compatible/openai-compatible.ts'
import { ConfigError } from './config/config-error.ts'
import type { Config } from './config/keys.ts'
import type { Agent, Env } from './core/ports.ts'
import { dialects } from './dialects/index.ts'
import { systemEnv } from './env.ts'
import { createGateway, type Gateway } from './gateway/gateway.ts'
import { openIdentity, type Identity } from './http/identity.ts'
import { openIdentityStore } from './http/identity-store.ts'
import type { Logger } from './http/log.ts'
import { adminRoutes } from './http/routes-admin.ts'
import { assertSafeBinding } from './http/secrets.ts'
import { createServer } from './http/serve.ts'
import { serveStatic } from './http/static.ts'
import { openSqliteJournal } from './journals/sqlite/open.ts'
import { streamStore } from './journals/stream-store.ts'
import { watchStorage } from './storage-health.ts'

export interface StartOptions {
  readonly config: Config
  readonly log: Logger
  readonly version: string
  /** Folder of the built page. */
  readonly page: string
  /** The journal cannot go on: the process must end. */
  readonly onFatal: (error: Error) => void
  /** Whether the port was asked for; else the next free one is taken. Default true. */
  readonly exactPort?: boolean
  readonly env?: Env
}

/** A gateway that listens. */
export interface Holdfast {
  /** Address for people on this machine. */
  readonly url: string
  readonly port: number
  readonly identity: Identity
  /** The first one is the default. */
  readonly agents: readonly Agent[]
  /** What a person should know about how it started. */
  readonly notices: readonly string[]
  readonly running: () => number
  readonly connections: () => number
  /** Gives running turns `graceMs` and writes everything. */
  readonly stop: (graceMs: number) => Promise<void>
}

/** Everything put together, as the configuration says. @throws ConfigError, UnsafeSetup, JournalRefused, system errors */
export const start = async (options: StartOptions): Promise<Holdfast> => {
  const { config, log, version, onFatal, exactPort = true, env = systemEnv } = options
  assertSafeBinding(config.host, config.key !== '' || hasKeys(config.data), false)
  const agents = agentsOf(config, env)
  makeFolder(config.data)
  makeFolder(dirname(config.database))
  const opened: (() => unknown)[] = []
  try {
    const { durability } = config
    const onDamage = (what: string): void => log.error({ what }, 'stored data is damaged; "holdfast verify" says where')
    const sqlite = await openSqliteJournal({ file: config.database, durability, onFatal, onDamage })
    opened.push(sqlite.close)
    const identity = openIdentity({ dir: config.data, env, key: config.key })
    opened.push(identity.close)
    const { journal, health } = watchStorage(sqlite, sqlite.probe, env)
    const gateway = createGateway({
      journal,
      agents,
      env,
      node: `${hostname()}-${process.pid}`,
      hash: (text) => createHash('sha256').update(text).digest('base64url'),
      maxQueue: config.max_queue,
      onBug: (error) => log.error({ err: error }, 'a defect'),
    })
    opened.push(gateway.close)
    const server = createServer({
      gateway,
      identity,
      dialects,
      env,
      log,
      version,
      allow: { hosts: config.allowed_hosts, origins: config.allowed_origins, scheme: config.scheme },
      limits: { maxConnections: config.max_connections, connectionsPerKey: config.connections_per_key },
      rate: { rate: config.frame_rate, burst: config.frame_burst },
      ready: health,
      streams: streamStore(sqlite.streams, { env }),
      routes: [
        ...(await serveStatic(options.page, identity)),
        ...adminRoutes({ backup: sqlite.backup, dir: config.data, env }),
      ],
    })
    await gateway.recover()
    const port = await listen(server.listen, config, exactPort)
    const rest = housekeeping(config, env, gateway, log)
    return {
      url: `http://${nameOf(config.host)}:${port}`,
      port,
      identity,
      agents,
      notices: sqlite.notices,
      running: gateway.running,
      connections: server.connections,
      stop: (graceMs) => {
        rest()
        return server.drain(graceMs)
      },
    }
  } catch (error) {
    for (const close of opened.toReversed()) await close()
    throw error
  }
}

const hasKeys = (dir: string): boolean => {
  if (!existsSync(`${dir}/identity.db`)) return false
  const store = openIdentityStore(dir)
  try {
    return store.list().some(({ revoked }) => revoked === null)
  } finally {
    store.close()
  }
}

/** For its owner alone; a folder that was there keeps the mode that somebody gave it. */
const makeFolder = (dir: string): void => {
  if (existsSync(dir)) return
  mkdirSync(dir, { recursive: true })
  chmodSync(dir, 0o700)
}

/** @throws ConfigError when the agent that is to answer has no server */
export const agentsOf = (config: Config, env: Env): readonly Agent[] => {
  const { openai_base_url: url, openai_api_key: key, models, agent } = config
  const demo = demoAgent({ env, pace: config.demo_pace_ms })
  if (url === '' && key === '') {
    if (agent !== 'openai-compatible') return [demo]
    throw new ConfigError([
      {
        key: 'agent',
        source: 'configuration',
        message: 'openai-compatible needs OPENAI_BASE_URL (a server of yours) or OPENAI_API_KEY (OpenAI itself).',
      },
    ])
  }
  const model = openAiCompatible({
    env,
    baseUrl: url === '' ? 'https://api.openai.com/v1' : url,
    ...(key !== '' && { key }),
    ...(models.length > 0 && { models }),
  })
  return agent === 'demo' ? [demo, model] : [model, demo]
}

/** A host that listens everywhere is reached by a loopback name from here. */
const nameOf = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

/** How many ports are tried when none was asked for. */
const tries = 20

/** @throws the system's error */
const listen = async (
  bind: (host: string, port: number) => Promise<{ readonly port: number }>,
  { host, port }: Config,
  exact: boolean,
): Promise<number> => {
  for (let next = port; ; next++) {
    try {
      return (await bind(host.replace(/^\[|\]$/g, ''), next)).port
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!taken || exact || next + 1 >= port + tries || next === 65_535) throw error
    }
  }
}

/** ms between two looks for sessions whose events are old enough, and for turns that nobody runs. */
const trimEvery = 10 * 60_000
const recoverEvery = 10_000

/** Does it again and again, so long after it was done before, until the returned function is called. */
const every = (env: Env, ms: number, work: () => Promise<void>): (() => void) => {
  let cancel = (): void => {}
  const again = (): void => {
    cancel = env.after(ms, () => void work().finally(again))
  }
  again()
  return () => cancel()
}

/** What is done now and then while the server runs. */
const housekeeping = ({ retention_hours: hours }: Config, env: Env, gateway: Gateway, log: Logger): (() => void) => {
  const trim = async (): Promise<void> => {
    try {
      const count = await gateway.trim(env.now() - hours * 3_600_000)
      if (count > 0) log.info({ sessions: count }, 'old events were folded into stored states')
    } catch (error) {
      log.error({ err: error }, 'old events could not be folded')
    }
  }
  // At the start the disk may have been full: what could not be ended then is ended as soon as it can be.
  const recover = (): Promise<void> =>
    gateway.recover().catch((error: unknown) => log.error({ err: error }, 'open turns could not be looked for'))
  const stops = [every(env, recoverEvery, recover), ...(hours === 0 ? [] : [every(env, trimEvery, trim)])]
  return () => {
    for (const stop of stops) stop()
  }
}
