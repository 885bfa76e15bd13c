import type { Client } from '../src/client/client.ts'
import { getAgents, getMe, Refused, type AgentLine, type Me } from './rest.ts'

/** Who looks at this page, and who can answer here: asked once there is something to ask. */
export const createAccount = (client: Client, changed: () => void) => {
  let me: Me | undefined
  let agents: readonly AgentLine[] = []
  let signedOut = false
  let asking = false

  const learn = async (): Promise<void> => {
    if (asking || me !== undefined) return
    asking = true
    try {
      me = await getMe()
      agents = await getAgents()
    } catch (error) {
      signedOut = error instanceof Refused && error.status === 401
      // What is refused once is refused again: there is nothing to retry before somebody signs in.
      if (signedOut) client.disconnect()
    }
    asking = false
    changed()
  }
  client.onState(({ state, error }) => {
    if (state === 'error' && error?.code === 'unauthorized') signedOut = true
    if (state === 'connected') void learn()
  })
  return {
    learn: () => void learn(),
    agents: () => agents,
    signedOut: () => signedOut,
    /** A principal in words. */
    nameOf: (by: string) => (by === me?.id ? 'you' : by.slice(by.indexOf(':') + 1)),
  }
}
