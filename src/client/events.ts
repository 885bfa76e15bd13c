import type { Event } from '../core/events.ts'
import type { SessionState } from '../core/session.ts'
import { check, sleep } from './abort.ts'
import { ClientError } from './error.ts'
import { readPage, type Http } from './http-call.ts'
import { newReader, seqOf, type Reader, type Told } from './reader.ts'
import type { ClientEnv } from './runtime.ts'
import type { Follower, Following } from './session.ts'

/** Where to begin: after an event's `seq` (0: all), after a cursor, or with what comes from now on. */
export type After = number | string

/** Stands for all events up to `seq`, where the log does not have them any more. `diverged`: the log went back behind what was read. */
export interface Jump {
  readonly type: 'snapshot'
  readonly seq: number
  readonly state: SessionState
  readonly diverged: boolean
}

interface EventsOptions {
  readonly id: string
  readonly after: After
  readonly signal: AbortSignal | undefined
  readonly follow: (reader: Reader, follower: Follower) => Following
  readonly http: Http
  readonly env: ClientEnv
}

/** Bytes that may wait for the application before the reader is paused. */
const high = 512 * 1024
/** ms before a page that could not be read is asked for again. */
const pause = 1_000

/** See `Session.events`. */
export const eventsOf = async function* (options: EventsOptions): AsyncGenerator<Event | Jump, void, void> {
  const { id, signal, follow, http } = options
  check(signal)
  const reader = newReader(id, await startOf(options))
  const queue: { readonly told: Told; readonly bytes: number }[] = []
  let [bytes, paused] = [0, false]
  let wake = (): void => {}
  const following = follow(reader, {
    told: (told, _reader, size) => {
      queue.push({ told, bytes: size })
      bytes += size
      if (bytes > high && !paused) {
        paused = true
        following.pause()
      }
      wake()
    },
  })
  const aborted = (): void => wake()
  signal?.addEventListener('abort', aborted)
  try {
    for (;;) {
      check(signal)
      const next = queue.shift()
      if (next === undefined) {
        if (paused) {
          paused = false
          following.resume()
        }
        // What `resume` tells at once is in the queue already.
        if (queue.length === 0)
          await new Promise<void>((resolve) => {
            wake = resolve
            if (signal?.aborted === true) resolve()
          })
        continue
      }
      bytes -= next.bytes
      const { told } = next
      if (told.type === 'events') yield* told.events
      else if (told.type === 'failed') throw new ClientError(told.error)
      else if (told.type === 'jumped') yield* fill(http, options, told)
    }
  } finally {
    signal?.removeEventListener('abort', aborted)
    following.stop()
  }
}

const startOf = async ({
  id,
  after,
  http,
  signal,
}: EventsOptions): Promise<{ readonly from?: 'start' | 'now'; readonly cursor?: string }> => {
  if (after === 0) return { from: 'start' }
  if (after === 'now') return { from: 'now' }
  if (typeof after === 'string') return { cursor: after }
  // A number says nothing of the epoch: the server's is taken.
  const { cursor } = await readPage(http, id, 'now', signal)
  return { cursor: `${cursor.slice(0, 17)}${String(after).padStart(16, '0')}` }
}

/** A socket gives a snapshot to a reader that is far behind; the events it stands for are read page by page over HTTP. */
const fill = async function* (
  http: Http,
  options: EventsOptions,
  told: Extract<Told, { type: 'jumped' }>,
): AsyncGenerator<Event | Jump, void, void> {
  const { id, signal, env } = options
  const end = seqOf(told.cursor)
  const jump: Jump = { type: 'snapshot', seq: end, state: told.state, diverged: told.diverged }
  if (told.diverged) return yield jump
  for (let at = told.before ?? '-1'; at === '-1' || seqOf(at) < end;) {
    try {
      const page = await readPage(http, id, at, signal)
      for (const event of JSON.parse(page.json) as readonly Event[]) if (event.seq <= end) yield event
      at = page.cursor
      if (page.upToDate) return
    } catch (error) {
      check(signal)
      if (error instanceof ClientError && !error.retryable) {
        if (error.code !== 'trimmed') throw error
        return yield jump
      }
      await sleep(env.after, pause, signal)
    }
  }
}
