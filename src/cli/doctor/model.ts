import type { Settings } from '../../config/load.ts'
import { toFailure } from '../../core/failures.ts'
import { systemEnv } from '../../env.ts'
import { agentsOf } from '../../start.ts'
import { fail, pass, type Check } from './check.ts'

const fixes: Readonly<Record<string, string>> = {
  upstream_unreachable:
    'Is it running, and is OPENAI_BASE_URL right? LM Studio: http://127.0.0.1:1234/v1, Ollama: http://127.0.0.1:11434/v1',
  upstream_unauthorized: 'Set OPENAI_API_KEY to a good key.',
  upstream_rejected: 'Is the path of OPENAI_BASE_URL right? Most end in /v1.',
  invalid_request: 'Correct OPENAI_BASE_URL or OPENAI_API_KEY.',
}

/** Who answers, and whether the model server does. */
export const checkModel = async ({ config }: Settings): Promise<Check> => {
  const name = 'agent'
  try {
    const agents = agentsOf(config, systemEnv)
    const model = agents.find((one) => one.name !== 'demo')
    if (model === undefined)
      return pass(name, 'demo agent: scripted, no model. Set OPENAI_BASE_URL or OPENAI_API_KEY for a real one.')
    const models = await model.models()
    if (models.length === 0) return fail(name, `${model.title} offers no model`, 'Load one there.')
    const [first, ...more] = models
    return pass(name, `${model.title}: ${first}${more.length > 0 ? ` and ${more.length} more` : ''}`)
  } catch (error) {
    const { code, message } = toFailure(error)
    return fail(name, `the model server: ${message} (${code})`, fixes[code] ?? 'Try again later.')
  }
}
