import { createClient } from '../../src/client/client.ts'
import { machineNow } from '../clock.ts'

/** What clients come back to. */
export interface Returning {
  readonly url: string
  readonly key: string
  readonly sessions: readonly string[]
  readonly clients: number
}
/** For each client the time of the machine's clock at which it had the end of the turn that the crash broke off. */
export type Returned = readonly number[]

/** Our own clients, many in one process: they follow sessions, lose the server, and come back by themselves. */
process.on('message', ({ url, key, sessions, clients }: Returning) => {
  const returned: number[] = []
  const opened = Array.from({ length: clients }, async (_, index) => {
    const client = createClient({ url, key, transports: ['websocket'] })
    const live = Promise.withResolvers<void>()
    client.subscribe(sessions[index % sessions.length] ?? '', (told) => {
      if (told.type === 'live') live.resolve()
      if (told.type !== 'events' || !told.events.some(({ type }) => type === 'turn.ended')) return
      returned.push(machineNow())
      if (returned.length === clients) process.send?.(returned satisfies Returned)
    })
    await client.connect()
    await live.promise
  })
  void Promise.all(opened).then(() => process.send?.('opened'))
})
process.on('disconnect', () => process.exit())
