import { demoAgent } from '../src/agents/demo/demo-agent.ts'
import { openAiCompatible } from '../src/agents/openai-compatible/openai-compatible.ts'
import { agentContract } from './agent.contract.ts'
import { systemEnv } from '../src/env.ts'
import { startFakeModel } from './fake-model/server.ts'

const wide = 'Grüße, 世界! 👩‍👩‍👧 𝒳 🏳️‍🌈'

agentContract('demo', () =>
  Promise.resolve({
    agent: demoAgent({ env: systemEnv, pace: 0 }),
    prompts: { short: 'hello', long: 'slow 1000', unicode: { prompt: wide, text: wide }, fail: 'fail' },
  }),
)

agentContract('demo, word by word', () =>
  Promise.resolve({
    agent: demoAgent({ env: systemEnv, pace: 3 }),
    prompts: { short: 'think', long: 'count to 100000', unicode: { prompt: wide, text: wide }, fail: 'fail' },
  }),
)

agentContract('openai-compatible', async () => {
  const fake = await startFakeModel()
  const plan = (json: object): string => `[[${JSON.stringify(json)}]]`
  return {
    agent: openAiCompatible({ env: systemEnv, baseUrl: fake.baseUrl }),
    prompts: {
      short: plan({ text: 'one two three', thinking: ['hm', 'm'] }),
      long: plan({ text: 'word '.repeat(10_000), chunkMs: 5 }),
      unicode: { prompt: plan({ text: wide, bytesAtATime: 1 }), text: wide },
      fail: plan({ text: 'one two three', fault: { kind: 'cut', after: 3 } }),
    },
    close: fake.close,
  }
})
