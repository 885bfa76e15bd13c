import { createServer, request } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEdge } from '../../src/http/edge.ts'
import type { Allow } from '../../src/http/inspect.ts'
import { openIdentity } from '../../src/http/identity.ts'
import { createLogger } from '../../src/http/log.ts'
import type { Route } from '../../src/http/route.ts'
import { realEnv } from '../journals/real-env.ts'

export interface Served {
  /** Behind it every request has a credential. */
  readonly origin: string
  /** Without. */
  readonly edge: string
  readonly key: string
  /** What the server logged. */
  readonly lines: () => string
  close(): Promise<void>
}

/** Routes behind the real edge, and a door in front of it that adds the credential, for clients that have none. */
export const serve = async (routes: readonly Route[], allow: Allow = {}): Promise<Served> => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-'))
  const lines: string[] = []
  const log = createLogger({ to: { write: (line: string) => void lines.push(line) } })
  const identity = openIdentity({ dir, env: realEnv })
  const limits = { connectionsPerKey: 200, maxConnections: 2000, unauthenticatedPerLoopback: 2000 }
  const edge = createEdge({ routes, identity, log, env: realEnv, limits, allow })
  const { port } = await edge.listen('127.0.0.1', 0)
  const key = identity.first?.key ?? ''
  const door = await openDoor(port, key)
  return {
    origin: door.origin,
    edge: `http://127.0.0.1:${port}`,
    key,
    lines: () => lines.join(''),
    close: async () => {
      await door.close()
      await edge.close(0)
      identity.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

const openDoor = async (port: number, key: string): Promise<{ readonly origin: string; close(): Promise<unknown> }> => {
  const door = createServer((req, res) => {
    const headers = { ...req.headers, host: `127.0.0.1:${port}`, authorization: `Bearer ${key}` }
    const on = request({ host: '127.0.0.1', port, method: req.method, path: req.url, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 500, answer.rawHeaders)
      res.flushHeaders()
      answer.pipe(res)
    })
    on.on('error', () => res.destroy())
    res.on('close', () => on.destroy())
    req.pipe(on)
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  return {
    origin: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
    close: () => {
      const closed = once(door, 'close')
      door.close()
      door.closeAllConnections()
      return closed
    },
  }
}
