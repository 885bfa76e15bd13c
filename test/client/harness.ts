import { foldSession } from '../../src/core/fold.ts'
import { emptySession, type SessionState } from '../../src/core/session.ts'
import type { Event } from '../../src/core/events.ts'
import { createClient, type Client, type ClientOptions } from '../../src/client/client.ts'
import type { Session } from '../../src/client/session.ts'
import { memoryStore } from '../../src/client/store.ts'
import { closing } from '../tools/closing.ts'
import { startProxy, type Proxy } from '../tools/proxy.ts'
import { logOf as readLog } from '../tools/session.ts'
import { start, type Started, type StartOptions } from '../tools/start.ts'
import { until } from '../tools/until.ts'

/** A real server, a proxy before it that breaks things on demand, and clients that go through it. */
export const setUp = async (options: StartOptions = {}) => {
  const server: Started = closing(await start(options), (one) => one.stop())
  const proxy: Proxy = closing(await startProxy({ port: server.port }), (one) => one.close())
  const client = (more: ClientOptions = {}): Client =>
    closing(
      createClient({ url: `http://127.0.0.1:${proxy.port}`, key: server.key, storage: memoryStore(), ...more }),
      (one) => one.disconnect(),
    )
  return { server, proxy, client }
}

/** The log itself, from the journal. */
export const logOf = (server: Started, session: string): Promise<readonly Event[]> =>
  readLog(server.gateway.journal, session)
export const promptsIn = (log: readonly Event[]): readonly string[] =>
  log.flatMap((event) => (event.type === 'prompt' ? [event.text] : []))

/** What a reader is shown of a session: an agent's own memory is not. */
export const foldOf = (log: readonly Event[]): Omit<SessionState, 'notes'> => {
  const { notes: _notes, ...state } = foldSession(emptySession, log)
  return state
}
export const shownBy = (session: Session): Omit<SessionState, 'notes'> => {
  const { notes: _notes, ...state } = session.state.get()
  return state
}

/** Follows a session until the test is over. */
export const follow = (session: Session): void =>
  void closing(
    session.state.subscribe(() => {}),
    (stop) => stop(),
  )

/** Until `turns` turns have been run to their end and nothing waits. */
export const untilIdle = async (session: Session, turns: number): Promise<void> => {
  const idle = (): boolean => {
    const { running, queue, turns: had } = session.state.get()
    return had >= turns && running === null && queue.length === 0
  }
  await until(idle, `${turns} ended turns`, 20_000)
}

/** @throws Error when there is nothing */
export const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('There should be something')
  return value
}

/** Writes many events fast, past the limits of a client's socket: each gives the session a title. */
export const updates = async (server: Started, session: string) => {
  const me = await fetch(`${server.url}/v1/me`, { headers: { authorization: `Bearer ${server.key}` } })
  const { id: by } = (await me.json()) as { id: string }
  return (i: number, title: string) => server.gateway.say({ id: `u${i}`, session, by, type: 'update', data: { title } })
}
