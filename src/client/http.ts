import type { ClientFrame, ServerFrame } from '../core/frames.ts'
import { ClientError } from './error.ts'
import { silentStream } from './ladder.ts'
import { call, heldBack, under, sessionPath, within, type Http } from './http-call.ts'
import { follow } from './http-follow.ts'
import type { Hear, Wire } from './socket.ts'

/** Browsers open six connections to a host over HTTP/1.1: what is over this is polled. */
const streams = 4

/** Refusals that are of the whole connection: no credential, or one that may not come here. */
const isOfAll = (code: string): boolean => code === 'unauthorized' || code === 'origin_refused'

/**
 * The lower rungs: the same frames, carried by requests. `hello` asks whether the credential is good, `sub` opens a stream (or
 * polls), `cmd` is a POST, `ping` a round trip.
 */
export const dialHttp = (http: Http, rung: 'sse' | 'long-poll', hear: Hear): Wire => {
  const ended = new AbortController()
  const subs = new Map<string, AbortController>()
  const tell: Hear = (input) => {
    if (!ended.signal.aborted) hear(input)
  }
  const emit = (frame: ServerFrame): void => {
    tell({ type: 'message', text: JSON.stringify(frame) })
  }
  const end = (code: number): void => {
    if (ended.signal.aborted) return
    ended.abort()
    hear({ type: 'closed', code })
  }
  /** Runs a request to its end: what the server refuses is told with `about`, a broken way ends the wire. */
  const run = (about: { readonly id?: string; readonly sub?: string }, work: () => Promise<void>): void => {
    work().catch((error: unknown) => {
      if (!(error instanceof ClientError)) return end(error === heldBack ? silentStream : 1006)
      const { code, message, retryable, retryAfterMs } = error
      const all = isOfAll(code) || (about.id === undefined && about.sub === undefined)
      emit({
        t: 'err',
        ...(!all && about),
        code,
        message,
        retryable,
        ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
      })
      if (all) end(code === 'unauthorized' ? 4401 : retryable ? 1006 : 4403)
    })
  }
  const request = (path: string, init: RequestInit = {}) => call(http, path, { ...init, signal: ended.signal })

  const greet = async (): Promise<void> => {
    await (await request('v1/me')).text()
    // As much of it as the link looks at.
    emit({ t: 'welcome', hb_ms: 20_000, limits: { in_flight: 8 } } as ServerFrame)
  }
  const command = async ({ id, session, type, data, expect }: Extract<ClientFrame, { t: 'cmd' }>): Promise<void> => {
    const body = JSON.stringify({ id, type, data, expect })
    const headers = { 'content-type': 'application/json' }
    await within(http, ended.signal, async (init) => {
      const answer = await call(http, sessionPath(session, 'commands'), { ...init, method: 'POST', headers, body })
      emit({ t: 'ack', ...((await answer.json()) as { cursor: string; dup?: true }), id })
    })
  }

  queueMicrotask(() => tell({ type: 'opened' }))
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
          const on: Hear = (input) => {
            if (!signal.aborted) hear(input)
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
