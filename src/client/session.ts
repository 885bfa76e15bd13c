import type { CommandData, CommandType } from '../core/commands.ts'
import type { Event } from '../core/events.ts'
import type { SessionState } from '../core/session.ts'
import { emptySession } from '../core/session.ts'
import { abortable } from './abort.ts'
import { ClientError } from './error.ts'
import type { Ack, Client, SendOptions } from './client.ts'
import { eventsOf, type After, type Jump } from './events.ts'
import type { Http } from './http-call.ts'
import { observe, type Observable } from './observable.ts'
import { newFold, rest, type Reader, type Told } from './reader.ts'
import type { ClientEnv } from './runtime.ts'
import { same } from './status.ts'

/** What gets a reader's news: each event, and the reader after each input. */
export interface Follower {
  readonly told?: (told: Told, reader: Reader, bytes: number) => void
  readonly view?: (reader: Reader) => void
}
export interface Following {
  readonly stop: () => void
  readonly pause: () => void
  readonly resume: () => void
}

/** How far a session's state is: for "catching up, 312 of 1,204 events". */
export type Progress = Pick<Reader, 'phase' | 'cursor' | 'head' | 'error'>

export interface Session {
  readonly id: string
  /** What the log adds up to: messages, tools, open questions, the queue. Followed as long as somebody subscribes. */
  readonly state: Observable<SessionState>
  readonly progress: Observable<Progress>
  /** The state, once it is caught up with the log. @throws ClientError when the session cannot be followed */
  ready(options?: { readonly signal?: AbortSignal }): Promise<SessionState>
  /** A prompt. Waits its turn, or with `mode: 'steer'` goes to the turn that runs where the agent can take it. */
  send(text: string, options?: SendOptions & { readonly mode?: 'queue' | 'steer' }): Promise<Ack>
  /** Any other command. */
  command<T extends CommandType>(type: T, data: CommandData<T>, options?: SendOptions): Promise<Ack>
  /** Picks an option of a question. @throws ClientError `already_resolved` when somebody was faster */
  approve(ask: string, option: string, options?: SendOptions): Promise<Ack>
  /** Answers a question in words. */
  answer(ask: string, text: string, options?: SendOptions): Promise<Ack>
  /** Stops the running turn, or takes a queued one out. */
  stop(turn?: string, options?: SendOptions): Promise<Ack>
  /**
   * Every event after a place, each once, in order; never ends by itself, goes on over reconnects, reads only as fast as
   * it is asked. Where the server has no events any more there is a `snapshot` instead of them.
   * @throws ClientError when the session cannot be followed; what the signal was aborted with
   */
  events(options?: { readonly after?: After; readonly signal?: AbortSignal }): AsyncGenerator<Event | Jump, void, void>
}

export interface SessionOptions {
  readonly id: string
  readonly send: Client['send']
  readonly follow: (reader: Reader, follower: Follower) => Following
  readonly http: Http
  readonly env: ClientEnv
  readonly onBug: (error: unknown) => void
}

export const openSession = ({ id, send, follow, http, env, onBug }: SessionOptions): Session => {
  const state = observe<SessionState>(emptySession, onBug)
  const progress = observe<Progress>({ phase: 'idle', cursor: null, head: null, error: null }, onBug)
  let reader = newFold(id)
  let following: Following | undefined
  let users = 0

  const view = (next: Reader): void => {
    const { phase, cursor, head, error } = next
    reader = next
    if (next.state !== null) state.set(next.state)
    const now = { phase, cursor, head, error }
    if (!same(now, progress.get())) progress.set(now)
  }
  /** Follows while somebody looks; afterwards the state stays, and goes on from its cursor the next time. */
  const use = (): (() => void) => {
    users += 1
    if (following === undefined) following = follow(reader.phase === 'failed' ? newFold(id) : rest(reader), { view })
    let used = true
    return () => {
      if (!used) return
      used = false
      users -= 1
      if (users > 0) return
      following?.stop()
      following = undefined
      view(rest(reader))
    }
  }
  const followed = <T>(source: Observable<T>): Observable<T> => ({
    get: source.get,
    subscribe: (listener) => {
      const stop = source.subscribe(listener)
      const leave = use()
      return () => {
        stop()
        leave()
      }
    },
  })

  const ready: Session['ready'] = ({ signal } = {}) =>
    abortable(signal, (resolve, reject) => {
      const look = ({ phase, error }: Progress): void => {
        if (phase === 'live') resolve(state.get())
        if (phase === 'failed' && error !== null) reject(new ClientError(error))
      }
      const leave = followed(progress).subscribe(look)
      look(progress.get())
      return leave
    })

  return {
    id,
    state: followed(state),
    progress: followed(progress),
    ready,
    send: (text, { mode, ...options } = {}) => send(id, 'prompt', { text, mode }, options),
    command: (type, data, options) => send(id, type, data, options),
    approve: (ask, option, options) => send(id, 'answer', { ask, option }, options),
    answer: (ask, text, options) => send(id, 'answer', { ask, text }, options),
    stop: (turn, options) => send(id, 'cancel', { turn }, options),
    events: ({ after = 0, signal } = {}) => eventsOf({ id, after, signal, follow, http, env }),
  }
}
