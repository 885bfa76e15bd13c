import { collapseCursor } from '../../dialects/durable-streams/collapse.ts'
import { standingHeaders, type Standing } from '../../dialects/durable-streams/headers.ts'
import { join } from '../../dialects/durable-streams/pieces.ts'
import { parseRead, type Read } from '../../dialects/durable-streams/query.ts'
import type { Call } from '../route.ts'
import type { LiveOptions, Portion, Source } from './source.ts'
import { serveSse } from './sse.ts'
import { standing, startOf } from './standing.ts'
import { createWaiter } from './waiter.ts'

/** Answers a GET of the Durable Streams protocol: catch-up, long-poll or SSE. @throws Failure before the answer has begun */
export const serveRead = async (call: Call, open: () => Promise<Source>, options: LiveOptions): Promise<void> => {
  const lastEventId = call.req.headers['last-event-id']
  const read = parseRead(call.url.searchParams, Array.isArray(lastEventId) ? lastEventId[0] : lastEventId)
  const source = await open()
  if (read.live === 'sse') await serveSse(call, source, read, options)
  else if (read.live === 'long-poll') await serveLongPoll(call, source, read, options)
  else if (read.offset === 'now') await serveNow(call, source)
  else await serveCatchUp(call, source, read, options)
}

const serveNow = async ({ res }: Call, source: Source): Promise<void> => {
  const { position, closed } = await source.tail()
  res.writeHead(200, {
    ...standingHeaders({ next: source.offset(position), upToDate: true, closed }),
    'content-type': source.contentType,
    'cache-control': 'private, no-store',
  })
  res.end(source.kind === 'json' ? '[]' : '')
}

const serveCatchUp = async (
  call: Call,
  source: Source,
  read: Read,
  { chunk = 1024 * 1024 }: LiveOptions,
): Promise<void> => {
  const from = await startOf(source, read)
  sendPortion(call, source, await source.read(from, chunk), from, undefined)
}

const serveLongPoll = async (call: Call, source: Source, read: Read, options: LiveOptions): Promise<void> => {
  const { longPollMs = 20_000, chunk = 1024 * 1024, env } = options
  const waiter = createWaiter((wake) => source.watch(wake), call.res, options)
  try {
    const from = await startOf(source, read)
    const deadline = env.monotonic() + longPollMs
    for (;;) {
      const portion = await source.read(from, chunk)
      const cursor = collapseCursor(read.cursor, env.now(), env.random())
      const late = env.monotonic() >= deadline || waiter.gone()
      if (portion.pieces.length > 0) return sendPortion(call, source, portion, from, cursor)
      if (late || portion.tail.closed) return sendNothing(call, standing(source, portion, from), cursor)
      await waiter.wait(deadline - env.monotonic())
    }
  } finally {
    waiter.end()
  }
}

const sendNothing = ({ res }: Call, stand: Standing, cursor: string): void => {
  if (res.destroyed) return
  res.writeHead(204, {
    ...standingHeaders({ ...stand, ...(stand.closed !== true && { cursor }) }),
    'cache-control': 'private, no-store',
  })
  res.end()
}

const sendPortion = (
  { req, res }: Call,
  source: Source,
  portion: Portion,
  from: number,
  cursor: string | undefined,
): void => {
  if (res.destroyed) return
  const stand = standing(source, portion, from)
  const { position, upToDate = false, closed = false } = stand
  const etag = source.etag(from, position, closed)
  const headers = {
    ...(etag !== undefined && { etag }),
    // At the tail the same request has another answer soon: it may be kept, but not used unasked.
    'cache-control': upToDate && etag !== undefined ? 'private, no-cache' : source.cacheControl,
    ...standingHeaders({ ...stand, ...(cursor !== undefined && !closed && { cursor }) }),
  }
  if (etag !== undefined && matches(req.headers['if-none-match'], etag)) {
    res.writeHead(304, headers).end()
    return
  }
  const data = join(
    source.kind,
    portion.pieces.map((piece) => piece.data),
  )
  const body = source.kind === 'json' ? Buffer.concat([Buffer.from('['), data, Buffer.from(']')]) : data
  res.writeHead(200, { ...headers, 'content-type': source.contentType, 'content-length': body.length }).end(body)
}

const matches = (condition: string | undefined, etag: string): boolean =>
  condition !== undefined && condition.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
