import type { Agent } from '../../src/core/ports.ts'
import type { Gateway } from '../../src/gateway/gateway.ts'

export interface Metronome {
  readonly agent: Agent
  /** Makes a session whose turn says what `beat` is given. */
  readonly begin: (gateway: Gateway, session: string) => Promise<void>
  readonly beat: (session: string, text: string) => void
}

/** An agent that says a delta when it is told to, never by itself. */
export const createMetronome = (): Metronome => {
  const beats = new Map<string, (text: string) => void>()
  const agent: Agent = {
    name: 'metronome',
    title: 'metronome',
    steers: false,
    resumes: () => false,
    models: async () => [],
    run: async function* (turn) {
      const waiting: string[] = []
      let wake = (): void => undefined
      beats.set(turn.session.id, (text) => {
        waiting.push(text)
        wake()
      })
      for (let offset = 0; !turn.signal.aborted;) {
        const delta = waiting.shift()
        if (delta === undefined) await new Promise<void>((resolve) => (wake = resolve))
        else {
          yield { type: 'text', mid: 'm', part: 0, offset, delta }
          offset += delta.length
        }
      }
    },
  }
  return {
    agent,
    beat: (session, text) => beats.get(session)?.(text),
    begin: async (gateway, session) => {
      const command = { session, by: 'user:owner' }
      await gateway.say({ ...command, id: 'make', type: 'create', data: {} })
      await gateway.say({ ...command, id: 'go', type: 'prompt', data: { text: 'go' } })
    },
  }
}
