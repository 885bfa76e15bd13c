import { monitorEventLoopDelay } from 'node:perf_hooks'
import { z } from 'zod'
import { parseJson } from '../../src/core/json.ts'
import type { Env } from '../../src/core/ports.ts'
import { createEdge } from '../../src/http/edge.ts'
import { healthRoutes } from '../../src/http/health.ts'
import { openIdentity } from '../../src/http/identity.ts'
import type { EdgeLimits } from '../../src/http/limits.ts'
import { createLogger } from '../../src/http/log.ts'
import { accountRoutes } from '../../src/http/routes-account.ts'
import type { Route } from '../../src/http/route.ts'
import { systemEnv } from '../../src/env.ts'

/**
 * An edge in a process of its own, so that its memory and its event loop can be looked at while a test attacks it.
 * Arguments: data folder, limits as JSON. Prints `{port, key}` once it listens.
 */
const [dir = '', limits = '{}'] = process.argv.slice(2)
const env: Env = systemEnv
const identity = openIdentity({ dir, env })
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()

const routes: readonly Route[] = [
  ...accountRoutes({ identity, ticketPath: '/v1/ws' }),
  ...healthRoutes({ ready: () => ({ ok: true }), version: '0', env }),
  {
    method: 'POST',
    path: '/v1/json',
    access: 'write',
    handle: async (call) => call.send(200, await call.json(z.object({ text: z.string() }))),
  },
  { method: 'POST', path: '/v1/unread', access: 'write', handle: (call) => call.send(200, {}) },
  {
    method: 'GET',
    path: '/v1/look',
    access: 'read',
    handle: (call) => {
      globalThis.gc?.()
      const { rss } = process.memoryUsage()
      call.send(200, { rss, delay: delay.max / 1e6, polluted: 'polluted' in {} })
      delay.reset()
    },
  },
]
const edge = createEdge({
  routes,
  identity,
  env,
  limits: JSON.parse(limits) as Partial<EdgeLimits>,
  log: createLogger({ level: 'warn' }),
  sockets: [
    {
      path: '/v1/ws',
      open: ({ socket }) => {
        socket.on('message', (data: Buffer) => {
          try {
            parseJson(data.toString())
            socket.send(String(data.length))
          } catch {
            socket.close(1007)
          }
        })
      },
    },
    {
      path: '/v1/large',
      maxPayload: 64 * 1024 * 1024,
      open: ({ socket }) => void socket.on('message', () => socket.send('got')),
    },
  ],
})
const { port } = await edge.listen('127.0.0.1', 0)
console.log(JSON.stringify({ port, key: identity.first?.key }))
