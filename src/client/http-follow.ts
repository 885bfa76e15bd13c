import type { ClientFrame } from '../core/frames.ts'
import { sleep } from './abort.ts'
import { call, heldBack, under, readPage, sessionPath, type Http } from './http-call.ts'
import type { Hear } from './socket.ts'
import { newSseParser } from './sse.ts'

/** ms without a byte after which an event stream is taken for held back; the server sends something every 15 s. */
const silence = 30_000
/** The first bytes come at once. */
const firstBytes = 10_000
/** ms between two polls of what has no stream. */
const pause = 3_000

/** The cursor before the first event of a log. */
const originOf = (cursor: string): string => `${cursor.slice(0, 17)}${'0'.repeat(16)}`

/** Serves a `sub` frame by requests, until the signal aborts. @throws ClientError, `heldBack`, or what `fetch` throws */
export const follow = async (
  http: Http,
  frame: Extract<ClientFrame, { t: 'sub' }>,
  how: 'sse' | 'long-poll' | 'poll',
  hear: Hear,
  signal: AbortSignal,
): Promise<void> => {
  const { id, session } = frame
  let cursor = ''
  /** Text, so that events are passed on without being parsed and written again. */
  const say = (text: string): void => hear({ type: 'message', text })
  const ok = (mode: string, at: string, head: string, state?: unknown): void => {
    cursor = at
    say(JSON.stringify({ t: 'sub.ok', id, mode, cursor: at, head, state }))
  }
  /** Passes a page on as one `ev`: the reader checks that it follows. */
  const pass = (json: string, next: string): void => {
    if (next === cursor) return hear({ type: 'heard' })
    say(`{"t":"ev","sub":${JSON.stringify(id)},"prev":"${cursor}","cursor":"${next}","e":${json}}`)
    cursor = next
  }

  if (frame.cursor === undefined && frame.from === 'snapshot') {
    const snapshot = (await (await call(http, sessionPath(session, 'snapshot'), { signal })).json()) as {
      cursor: string
      state: unknown
    }
    ok('snapshot', snapshot.cursor, snapshot.cursor, snapshot.state)
  } else {
    const page = await readPage(http, session, frame.cursor ?? (frame.from === 'now' ? 'now' : '-1'), signal)
    ok('replay', frame.cursor ?? (frame.from === 'now' ? page.cursor : originOf(page.cursor)), page.cursor)
    pass(page.json, page.cursor)
  }
  let isLive = false
  for (;;) {
    const live = isLive && how !== 'poll'
    if (live && how === 'sse') {
      await stream(http, session, cursor, pass, hear, signal)
      continue
    }
    const page = await readPage(http, session, cursor, signal, live ? '&live=long-poll' : '')
    pass(page.json, page.cursor)
    if (page.upToDate && !isLive) {
      isLive = true
      say(JSON.stringify({ t: 'live', sub: id, cursor }))
    }
    if (isLive && how === 'poll') await sleep(http.after, pause, signal)
  }
}

/** One event stream, to its end: the server ends it after some minutes, and it is opened again. */
const stream = async (
  http: Http,
  session: string,
  offset: string,
  pass: (json: string, next: string) => void,
  hear: Hear,
  signal: AbortSignal,
): Promise<void> => {
  const held = under(signal)
  let silent = false
  const hush = (): void => {
    silent = true
    held.abort()
  }
  let cancel = http.after(firstBytes, hush)
  try {
    const path = `${sessionPath(session, 'events')}?offset=${offset}&live=sse`
    const response = await call(http, path, { signal: held.signal, headers: { accept: 'text/event-stream' } })
    // React Native's fetch gives no stream.
    if (response.body === null || response.body === undefined) throw heldBack
    const parse = newSseParser()
    const text = new TextDecoder()
    let data = ''
    const reader = response.body.getReader()
    for (let some = await reader.read(); !some.done; some = await reader.read()) {
      cancel()
      cancel = http.after(silence, hush)
      hear({ type: 'heard' })
      for (const message of parse(text.decode(some.value as Uint8Array, { stream: true }))) {
        if (message.event === 'data')
          data = data === '' ? message.data : `${data.slice(0, -1)},${message.data.slice(1)}`
        if (message.event !== 'control') continue
        pass(data === '' ? '[]' : data, (JSON.parse(message.data) as { streamNextOffset: string }).streamNextOffset)
        data = ''
      }
    }
  } catch (error) {
    throw silent ? heldBack : error
  } finally {
    cancel()
    held.abort()
  }
}
