import { registerHooks } from 'node:module'
import { afterAll, beforeAll, describe } from 'vitest'
import { streamRoutes } from '../src/http/streams/routes.ts'
import { memoryStreams } from '../src/journals/memory-streams.ts'
import { realEnv } from './journals/real-env.ts'
import { serve, type Served } from './streams/serve.ts'

// The suite brings a vitest of its own, older one: here its tests must register with the one that runs.
const hooks = registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vitest' && context.parentURL?.includes('server-conformance-tests') === true
      ? next(specifier, { ...context, parentURL: import.meta.url })
      : next(specifier, context),
})
const { runConformanceTests } = await import('@durable-streams/server-conformance-tests')
hooks.deregister()

describe('Durable Streams conformance: memory store', () => {
  // The suite reads the address when its tests run. Its paths, `/v1/stream/…`, are names of streams below ours.
  const options = { baseUrl: '', longPollTimeoutMs: 500 }
  let served: Served | undefined
  beforeAll(async () => {
    // From where the suite's preflight comes.
    const origins = ['https://example.com']
    const store = memoryStreams({ env: realEnv })
    served = await serve(streamRoutes({ store, env: realEnv, longPollMs: 500 }), { origins })
    options.baseUrl = `${served.origin}/v1/streams`
  })
  afterAll(() => served?.close())
  runConformanceTests(options)
})
