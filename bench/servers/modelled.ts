import { openAiCompatible } from '../../src/agents/openai-compatible/openai-compatible.ts'
import { systemEnv as env } from '../../src/env.ts'
import { serveCpu } from './cpu.ts'
import { whole } from './whole.ts'

/** Ours in front of a model server: sessions, the journal with FULL, and what is shown is on the disk. */
const { port, headers } = await whole([
  openAiCompatible({ env, baseUrl: `http://127.0.0.1:${process.argv[2]}/v1`, models: ['fake'] }),
])
serveCpu({ port, headers })
