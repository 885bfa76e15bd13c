import type { Client } from '../client/client.ts'
import type { Status } from '../client/status.ts'

/** What a person is told of a connection that changes; undefined: nothing new. */
const words = (status: Status, before: Status['state']): string | undefined => {
  const { state, transport, attempts, restarting } = status
  if (state === before) return undefined
  if (state === 'connected') return before === 'connecting' ? undefined : `connected again (${transport})`
  if (state === 'reconnecting')
    return `${restarting ? 'the server restarts' : 'connection lost'}; trying again${attempts > 1 ? `, try ${attempts}` : ''} …`
  return state === 'error' ? `refused: ${status.error?.message ?? ''}` : undefined
}

/** Tells of connections lost and found. Returns how to stop. */
export const watchConnection = (client: Client, tell: (line: string) => void): (() => void) => {
  let before: Status['state'] = 'connecting'
  return client.onState((status) => {
    const line = words(status, before)
    // Before the first connection there is nothing to compare with, and between two tries it is the same news.
    if (status.state !== 'connecting' && (status.state !== 'disconnected' || before !== 'connecting'))
      before = status.state
    if (line !== undefined) tell(line)
  })
}
