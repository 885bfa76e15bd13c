import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { memoryStore } from '../../src/client/store.ts'
import { fastEnv } from '../tools/env.ts'
import { startProxy } from '../tools/proxy.ts'
import { start } from '../tools/start.ts'
import { until } from '../tools/until.ts'

/** One connection goes dead while this request is on it; the pings go over others and find nothing wrong. */
test.each([
  ['sse', 'a command', /^POST .*\/commands/],
  ['sse', 'a page', /^GET .*\/events\?offset=[^&]* HTTP/],
  ['long-poll', 'a long-poll', /live=long-poll/],
] as const)(
  '[L4] [W9] over %s, %s on a connection that went half-open is given up and made again',
  async (rung, _what, request) => {
    const server = await start()
    onTestFinished(() => server.stop())
    const proxy = await startProxy({ port: server.port })
    onTestFinished(() => proxy.close())
    const url = `http://127.0.0.1:${proxy.port}`
    const client = createClient({ url, key: server.key, storage: memoryStore(), transports: [rung], env: fastEnv(20) })
    onTestFinished(() => client.disconnect())
    await client.connect()
    let swallowed = 0
    proxy.rule((text) => (request.test(text) && swallowed++ === 0 ? 'swallow' : 'pass'))
    const session = client.create()
    onTestFinished(session.state.subscribe(() => undefined))
    await session.send('hello')
    const answered = (): boolean =>
      session.state.get().items.some((item) => item.kind === 'message' && item.role === 'assistant' && item.final)
    await until(answered, 'the answer')
    expect(swallowed).toBeGreaterThan(0)
  },
)
