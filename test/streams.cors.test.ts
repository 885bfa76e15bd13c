import { expect, onTestFinished, test } from 'vitest'
import { streamRoutes } from '../src/http/streams/routes.ts'
import { memoryStreams } from '../src/journals/memory-streams.ts'
import { systemEnv } from '../src/env.ts'
import { serve } from './streams/serve.ts'

const ours = 'https://app.example'

test('[D9] [S4] only a page of an allowed origin is told that it may, by its own name and without cookies', async () => {
  const store = memoryStreams({ env: systemEnv })
  const { origin: url, close } = await serve(streamRoutes({ store, env: systemEnv }), {
    origins: [ours],
  })
  onTestFinished(close)
  const ask = (method: string, origin: string, asked: string) =>
    fetch(`${url}/v1/streams/a`, { method, headers: { origin, 'access-control-request-method': asked } })
  for (const origin of ['https://evil.example', 'null', `${ours}.evil.example`, 'http://app.example'])
    for (const method of ['OPTIONS', 'GET', 'PUT', 'POST', 'DELETE', 'HEAD']) {
      const answer = await ask(method, origin, 'PUT')
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null])
    }
  const question = await ask('OPTIONS', ours, 'PUT')
  expect(question.status).toBe(204)
  expect(question.headers.get('access-control-allow-headers')).toMatch(/Authorization.*If-None-Match.*Producer-Seq/)
  expect(question.headers.get('access-control-allow-credentials')).toBeNull()
  expect((await ask('OPTIONS', ours, 'PATCH')).status).toBe(405)
  for (const answer of [
    question,
    await ask('PUT', ours, ''),
    await ask('HEAD', ours, ''),
    await ask('PATCH', ours, ''),
  ])
    expect([answer.status < 300, answer.headers.get('access-control-allow-origin')]).toEqual(
      answer.status < 300 ? [true, ours] : [false, null],
    )
})
