import type { Agent } from '../../src/core/ports.ts'
import { whole } from './whole.ts'

/** Ours with an agent that has nothing to say: what a command costs, and not its answer. */
const mute: Agent = {
  name: 'mute',
  title: 'mute',
  steers: false,
  resumes: () => false,
  models: async () => [],
  run: async function* () {},
}
const { port, headers } = await whole([mute])
process.on('disconnect', () => process.exit())
process.send?.({ port, headers })
