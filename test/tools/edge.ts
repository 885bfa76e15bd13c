import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEdge, type Edge, type EdgeOptions } from '../../src/http/edge.ts'
import { healthRoutes } from '../../src/http/health.ts'
import { openIdentity, type Identity, type IdentityOptions } from '../../src/http/identity.ts'
import { createLogger } from '../../src/http/log.ts'
import type { Route } from '../../src/http/route.ts'
import { accountRoutes } from '../../src/http/routes-account.ts'
import { closing } from './closing.ts'
import { turnableEnv, type TurnableEnv } from './env.ts'

export interface Running {
  readonly edge: Edge
  readonly port: number
  readonly url: string
  readonly host: string
  readonly key: string
  readonly identity: Identity
  readonly env: TurnableEnv
  /** All log lines so far. */
  readonly lines: () => string
  readonly close: () => Promise<void>
}

export interface EdgeSetUp extends Partial<Pick<EdgeOptions, 'sockets' | 'allow' | 'limits'>> {
  /** Further routes; those of accounts and health are always there. */
  readonly routes?: readonly Route[] | ((identity: Identity) => Promise<readonly Route[]>)
  readonly identity?: Partial<IdentityOptions>
}

/** An edge on a free port, with an empty data folder and its first key. Who opens it closes it. */
export const openEdge = async ({ routes = [], sockets = [], identity: more, ...rest }: EdgeSetUp): Promise<Running> => {
  const env = turnableEnv()
  const lines: string[] = []
  const log = createLogger({ level: 'debug', to: { write: (line: string) => void lines.push(line) } })
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-edge-'))
  const identity = openIdentity({ dir, env, ...more })
  const all = [
    ...accountRoutes({ identity, ticketPath: sockets[0]?.path ?? '/v1/ws' }),
    ...healthRoutes({ ready: () => ({ ok: true }), version: '0', env }),
    ...(typeof routes === 'function' ? await routes(identity) : routes),
  ]
  const edge = createEdge({ ...rest, sockets, routes: all, identity, log, env })
  const { port } = await edge.listen('127.0.0.1', 0)
  const host = `127.0.0.1:${port}`
  return {
    edge,
    port,
    url: `http://${host}`,
    host,
    key: identity.first?.key ?? '',
    identity,
    env,
    lines: () => lines.join(''),
    close: async () => {
      await edge.close(0)
      identity.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** The same, closed when the running test is over. */
export const startEdge = async (options: EdgeSetUp = {}): Promise<Running> =>
  closing(await openEdge(options), (one) => one.close())
