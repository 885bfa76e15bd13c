import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { onTestFinished } from 'vitest'
import type { StreamStore } from '../../src/core/streams.ts'
import { streamRoutes, type StreamRouteOptions } from '../../src/http/streams/routes.ts'
import { memoryStreams } from '../../src/journals/memory-streams.ts'
import { systemEnv } from '../../src/env.ts'
import { serve } from './serve.ts'

/** Raw streams in memory behind the edge. `watched` is how many readers wait. */
export const startStreams = async (options: Partial<StreamRouteOptions> = {}) => {
  let watched = 0
  const inner = memoryStreams({ env: systemEnv })
  const store: StreamStore = {
    ...inner,
    watch: (id, wake) => {
      const stop = inner.watch(id, wake)
      watched++
      return () => {
        watched--
        stop()
      }
    },
  }
  const served = await serve(streamRoutes({ store, env: systemEnv, ...options }))
  onTestFinished(async () => {
    await served.close()
    await store.close()
  })
  const url = (path: string): string => `${served.origin}/v1/streams/${path}`
  const send = (
    method: string,
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ) =>
    fetch(url(path), {
      method,
      headers: { 'content-type': 'text/plain', ...headers },
      ...(body !== undefined && { body }),
    })
  return { ...served, store, url, send, watched: () => watched }
}

/** Reads server-sent events until `enough`, or until the answer ends. */
export const readSse = async (
  url: string,
  enough: (all: readonly EventSourceMessage[]) => boolean = () => false,
  headers: Record<string, string> = {},
) => {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const response = await fetch(url, { headers, signal: stop.signal })
  const messages: EventSourceMessage[] = []
  const comments: string[] = []
  const parser = createParser({
    onEvent: (one) => void messages.push(one),
    onComment: (one) => void comments.push(one),
  })
  const decoder = new TextDecoder()
  const done = (async () => {
    for await (const part of response.body ?? []) {
      parser.feed(decoder.decode(part, { stream: true }))
      if (enough(messages)) break
    }
    stop.abort()
  })()
  return { response, messages, comments, done }
}

/** What the data events carry. */
export const dataOf = (messages: readonly EventSourceMessage[]): readonly string[] =>
  messages.filter(({ event }) => event === 'data').map(({ data }) => data)

/** What the control events say. */
export const controlsOf = (messages: readonly EventSourceMessage[]) =>
  messages
    .filter(({ event }) => event === 'control')
    .map(({ data }) => JSON.parse(data) as { streamNextOffset: string; upToDate?: boolean; streamClosed?: boolean })
