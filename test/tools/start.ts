import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Agent, Journal } from '../../src/core/ports.ts'
import { demoAgent } from '../../src/agents/demo/demo-agent.ts'
import { dialects } from '../../src/dialects/index.ts'
import { systemEnv } from '../../src/env.ts'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { openIdentity, type Identity } from '../../src/http/identity.ts'
import { createServer, type ServeOptions, type Server } from '../../src/http/serve.ts'
import { memoryJournal, memoryStore } from '../../src/journals/memory.ts'

export interface Started {
  readonly url: string
  readonly port: number
  readonly key: string
  readonly gateway: Gateway
  readonly identity: Identity
  readonly server: Server
  readonly stop: () => Promise<void>
}

export interface StartOptions extends Partial<ServeOptions> {
  readonly journal?: Journal
  readonly agents?: readonly Agent[]
}

/** A whole server in this process, on a free port, with a memory journal and the demo agent unless told otherwise. */
export const start = async (options: StartOptions = {}): Promise<Started> => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-test-'))
  const env = options.env ?? systemEnv
  const journal = options.journal ?? memoryJournal(memoryStore(env), { env })
  const identity = openIdentity({ dir, env })
  const gateway = createGateway({
    journal,
    agents: options.agents ?? [demoAgent({ env, pace: 1 })],
    env,
    node: 'test',
    hash: (text) => createHash('sha256').update(text).digest('base64url'),
    onBug: (error) => console.error(error),
  })
  const log = pino({ level: process.env['HOLDFAST_TEST_LOG'] ?? 'silent' })
  const server = createServer({ dialects, log, version: '0.0.0-test', ...options, env, gateway, identity })
  const { port } = await server.listen('127.0.0.1', 0)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    key: identity.first?.key ?? '',
    gateway,
    identity,
    server,
    stop: async () => {
      await server.drain(0)
      await rm(dir, { recursive: true, force: true })
    },
  }
}
