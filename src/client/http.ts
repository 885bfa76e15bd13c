import type { ClientFrame, ServerFrame, WireError } from '../core/frames.ts'
import { Broken, call, under, Refused, sessionPath, type Http } from './http-call.ts'
import { follow } from './http-follow.ts'
import type { Heard, Wire } from './socket.ts'

/** What stands for the limits that a socket is told. */
const limits = { frame: 1_048_576, in_flight: 8, subscriptions: 100 }
/** Browsers open six connections to a host over HTTP/1.1: what is over this is polled. */
const streams = 4

/** Refusals that are of the whole connection: no credential, or one that may not come here. */
const isOfAll = (error: WireError): boolean => error.code === 'unauthorized' || error.code === 'origin_refused'

/**
 * The lower rungs: the same frames, carried by requests. `hello` asks whether the credential is good, `sub` opens a stream (or
 * polls), `cmd` is a POST, `ping` a round trip.
 */
export const dialHttp = (http: Http, rung: 'sse' | 'long-poll', heard: Heard): Wire => {
  const ended = new AbortController()
  const subs = new Map<string, AbortController>()
  const emit = (frame: ServerFrame): void => {
    if (!ended.signal.aborted) heard.message(JSON.stringify(frame))
  }
  const end = (code: number): void => {
    if (ended.signal.aborted) return
    ended.abort()
    heard.closed(code)
  }
  /** Runs a request to its end: what the server refuses is told with `about`, a broken way ends the wire. */
  const run = (about: { readonly id?: string; readonly sub?: string }, work: () => Promise<void>): void => {
    work().catch((error: unknown) => {
      if (!(error instanceof Refused)) return end(error instanceof Broken ? error.code : 1006)
      const all = isOfAll(error.error) || (about.id === undefined && about.sub === undefined)
      emit({ t: 'err', ...(all ? {} : about), ...error.error })
      if (all) end(error.error.code === 'unauthorized' ? 4401 : error.error.retryable ? 1006 : 4403)
    })
  }
  const request = (path: string, init: RequestInit = {}) => call(http, path, { ...init, signal: ended.signal })

  const greet = async (): Promise<void> => {
    const principal = (await (await request('v1/me')).json()) as { id: string; name: string; permissions: string[] }
    emit({ t: 'welcome', v: 1, conn: '', server: '', hb_ms: 20_000, principal, limits })
  }
  const command = async ({ id, session, type, data, expect }: Extract<ClientFrame, { t: 'cmd' }>): Promise<void> => {
    const body = JSON.stringify({ id, type, data, ...(expect !== undefined && { expect }) })
    const headers = { 'content-type': 'application/json' }
    const answer = (await (
      await request(sessionPath(session, 'commands'), { method: 'POST', headers, body })
    ).json()) as { cursor: string; dup?: boolean }
    emit({ t: 'ack', id, cursor: answer.cursor, ...(answer.dup === true && { dup: true }) })
  }

  queueMicrotask(() => {
    if (!ended.signal.aborted) heard.opened()
  })
  return {
    send: (frame) => {
      switch (frame.t) {
        case 'hello':
          return run({}, greet)
        case 'cmd':
          return run({ id: frame.id }, () => command(frame))
        case 'ping':
          return run({}, async () => {
            await (await request('livez')).text()
            emit({ t: 'pong', n: frame.n })
          })
        case 'sub': {
          const stop = under(ended.signal)
          subs.set(frame.id, stop)
          const how = subs.size > streams ? 'poll' : rung
          const { signal } = stop
          const on = {
            message: (text: string) => !signal.aborted && heard.message(text),
            alive: () => !signal.aborted && heard.alive(),
          }
          return run({ sub: frame.id }, async () => {
            await follow(http, frame, how, on, signal).catch((error: unknown) => {
              if (!signal.aborted) throw error
            })
          })
        }
        case 'unsub':
          subs.get(frame.id)?.abort()
          subs.delete(frame.id)
          return
        default:
        // Flow control is TCP's here, liveness the ping's; presence needs a socket.
      }
    },
    close: () => ended.abort(),
  }
}
