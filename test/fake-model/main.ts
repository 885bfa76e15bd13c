import { parseArgs } from 'node:util'
import { startFakeModel } from './server.ts'

const help = `A model server without a model: OpenAI chat completions and Anthropic Messages, with faults on demand.

  node test/fake-model/main.ts [--port 1234] [--key KEY] [--chunk-ms 15]

It echoes. A plan in double brackets within the prompt says how to answer:
  [[{"text":"one two three","chunkMs":200}]]
  [[{"fault":{"kind":"reset","after":3}}]]
The kinds of faults are in test/fake-model/plan.ts.`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '1234' },
    key: { type: 'string' },
    'chunk-ms': { type: 'string', default: '15' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(help)
else {
  const fake = await startFakeModel({ port: Number(values.port), ...(values.key !== undefined && { key: values.key }) })
  fake.otherwise({ chunkMs: Number(values['chunk-ms']) })
  console.log(`fake model server: ${fake.baseUrl}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void fake.close())
}
