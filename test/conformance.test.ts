import { mkdtemp, rm } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { streamRoutes } from '../src/http/streams/routes.ts'
import { openSqliteJournal } from '../src/journals/sqlite/open.ts'
import { streamStore } from '../src/journals/stream-store.ts'
import { systemEnv } from '../src/env.ts'
import { serve } from './streams/serve.ts'

// The suite brings a vitest of its own, older one: here its tests must register with the one that runs.
const hooks = registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vitest' && context.parentURL?.includes('server-conformance-tests') === true
      ? next(specifier, { ...context, parentURL: import.meta.url })
      : next(specifier, context),
})
const { runConformanceTests } = await import('@durable-streams/server-conformance-tests')
hooks.deregister()

// Whole, but for the group of webhook and pull-wake subscriptions, which the suite leaves out unless it is asked for.
describe('Durable Streams conformance: through the edge, on disk, synchronous=FULL', () => {
  // The suite reads the address when its tests run. Its paths, `/v1/stream/…`, are names of streams below ours.
  const options = { baseUrl: '', longPollTimeoutMs: 500 }
  const cleanUp: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-'))
    cleanUp.unshift(() => rm(dir, { recursive: true, force: true }))
    const journal = await openSqliteJournal({ file: join(dir, 'journal.db'), durability: 'strict' })
    cleanUp.unshift(() => journal.close())
    const store = streamStore(journal.streams, { env: systemEnv })
    cleanUp.unshift(() => store.close())
    // From where the suite's preflight comes.
    const origins = ['https://example.com']
    const served = await serve(streamRoutes({ store, env: systemEnv, longPollMs: 500 }), { origins })
    cleanUp.unshift(() => served.close())
    options.baseUrl = `${served.origin}/v1/streams`
  })
  afterAll(async () => {
    for (const step of cleanUp) await step()
  })
  runConformanceTests(options)
})
