import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Agent } from '../../src/core/ports.ts'
import { dialects } from '../../src/dialects/index.ts'
import { systemEnv as env } from '../../src/env.ts'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { openIdentity } from '../../src/http/identity.ts'
import { createServer } from '../../src/http/serve.ts'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import type { Ready } from './worker.ts'

export interface Whole {
  readonly gateway: Gateway
  readonly port: number
  readonly headers: Ready['headers']
  /** The SQLite file. */
  readonly file: string
}

const many = 1_000_000

/** Ours, whole, in this process: the edge, the gateway, the journal with FULL. Its folder goes when the process does. */
export const whole = async (agents: readonly Agent[]): Promise<Whole> => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'journal.db')
  const journal = await openSqliteJournal({ file })
  const identity = openIdentity({ dir, env })
  const hash = (body: string): string => createHash('sha256').update(body).digest('base64url')
  const gateway = createGateway({ journal, agents, env, node: 'bench', hash })
  const server = createServer({
    gateway,
    identity,
    dialects,
    env,
    log: pino({ level: 'silent' }),
    version: 'bench',
    // One machine plays thousands of people.
    limits: {
      connectionsPerKey: many,
      maxConnections: many,
      unauthenticatedPerLoopback: many,
      unauthenticated: many,
    },
    rate: { rate: many, burst: many },
  })
  const { port } = await server.listen('127.0.0.1', 0)
  return { gateway, port, headers: { authorization: `Bearer ${identity.first?.key ?? ''}` }, file }
}
