import { collapseCursor } from '../../dialects/durable-streams/collapse.ts'
import { header } from '../../dialects/durable-streams/headers.ts'
import { atCharacters } from '../../dialects/durable-streams/pieces.ts'
import type { Read } from '../../dialects/durable-streams/query.ts'
import { controlFrame, dataFrame, sseComment } from '../../dialects/durable-streams/sse.ts'
import type { Call } from '../route.ts'
import type { LiveOptions, Portion, Source } from './source.ts'
import { standing, startOf } from './standing.ts'
import { createWaiter, writeSlowly, type Waiter } from './waiter.ts'

/** bytes that are read at once for a live reader: what a slow one costs at most */
const portionSize = 256 * 1024

/** Answers with server-sent events: what there is, then what comes, until the stream is closed or the time is over. */
export const serveSse = async (call: Call, source: Source, read: Read, options: LiveOptions): Promise<void> => {
  const { res } = call
  const waiter = createWaiter((wake) => source.watch(wake), res, options)
  try {
    const from = await startOf(source, read)
    const first = await source.read(from, portionSize)
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...(source.kind === 'bytes' && { [header.sseEncoding]: 'base64' }),
    })
    await follow(call, source, read, { from, first, waiter }, options)
  } catch (error) {
    if (!res.headersSent) throw error
    // The protocol has no error event: the reader comes back from its offset and gets the error as an answer.
    call.log.warn({ err: error }, 'a live reader was sent away')
  } finally {
    waiter.end()
  }
  if (!res.destroyed) res.end()
}

interface Start {
  readonly from: number
  readonly first: Portion
  readonly waiter: Waiter
}

const follow = async ({ res }: Call, source: Source, read: Read, start: Start, options: LiveOptions): Promise<void> => {
  const { sseMs = 300_000, commentMs = 15_000, env } = options
  const deadline = env.monotonic() + sseMs
  const cursor = collapseCursor(read.cursor, env.now(), env.random())
  let { from, first: portion } = start
  for (let told = false; ; portion = await source.read(from, portionSize)) {
    const text = events(source, portion, from, cursor, told)
    from = text.position
    told = true
    if (text.text !== '' && !(await writeSlowly(res, text.text, options))) return
    if (text.closed) return
    if (!text.upToDate) continue
    for (;;) {
      const left = deadline - env.monotonic()
      if (left <= 0) return
      const how = await start.waiter.wait(Math.min(commentMs, left))
      if (how === 'gone') return
      if (how === 'woken') break
      if (!(await writeSlowly(res, sseComment, options))) return
    }
  }
}

/** A portion as events: each piece with the control event after it; without any piece, where the reader stands, if it was not told. */
const events = (source: Source, portion: Portion, from: number, cursor: string, told: boolean) => {
  const end = standing(source, portion, from)
  const pieces = source.kind === 'text' ? atCharacters(portion.pieces, end.closed === true) : portion.pieces
  const control = (stand: { readonly next: string; readonly upToDate?: boolean; readonly closed?: boolean }): string =>
    controlFrame({ ...stand, ...(stand.closed !== true && { cursor }) })
  const position = pieces.at(-1)?.next ?? from
  const { upToDate = false, closed = false } = end
  const text = pieces.map(({ data, next }, index) => {
    const offset = source.offset(next)
    const last = index === pieces.length - 1
    return dataFrame(source.kind, data, offset) + control({ next: offset, ...(last && { upToDate, closed }) })
  })
  if (text.length === 0 && (!told || closed)) text.push(control({ next: source.offset(position), upToDate, closed }))
  return { text: text.join(''), position, upToDate, closed }
}
