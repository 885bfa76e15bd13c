import { createServer, request } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Allow } from '../../src/http/inspect.ts'
import type { Route } from '../../src/http/route.ts'
import { openEdge } from '../tools/edge.ts'

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
  const limits = { connectionsPerKey: 200, maxConnections: 2000, unauthenticatedPerLoopback: 2000 }
  const edge = await openEdge({ routes, limits, allow })
  const door = await openDoor(edge.port, edge.key)
  return {
    origin: door.origin,
    edge: edge.url,
    key: edge.key,
    lines: edge.lines,
    close: async () => {
      await door.close()
      await edge.close()
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
