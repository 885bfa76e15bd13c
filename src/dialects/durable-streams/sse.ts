import type { StreamKind } from '../../core/streams.ts'
import type { Standing } from './headers.ts'

/** A line that clients skip; it keeps proxies from closing a quiet connection. */
export const sseComment = ':\n\n'

/** Without a space after the colon; a line that starts with one gets another, because readers take the first away. */
const dataLine = (line: string): string => `data:${line.startsWith(' ') ? ' ' : ''}${line}\n`

/**
 * One SSE event. `id` comes after `data` (clients of the protocol look for `data` right below `event`) and is the offset
 * after what the event carries, so that an EventSource that reconnects with `Last-Event-ID` misses and doubles nothing.
 */
const frame = (event: string, data: string, id: string): string =>
  `event: ${event}\n${data
    .split(/\r\n|\r|\n/)
    .map(dataLine)
    .join('')}id:${id}\n\n`

/** An event with a piece of a log; `next` is the offset after it. */
export const dataFrame = (kind: StreamKind, data: Uint8Array, next: string): string => {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length)
  if (kind === 'bytes') return frame('data', bytes.toString('base64'), next)
  return frame('data', kind === 'json' ? `[${bytes.toString()}]` : bytes.toString(), next)
}

/** The event after each piece: where the reader stands now. */
export const controlFrame = ({ next, upToDate = false, closed = false, cursor }: Standing): string =>
  frame(
    'control',
    JSON.stringify({
      streamNextOffset: next,
      ...(cursor !== undefined && { streamCursor: cursor }),
      ...(upToDate && { upToDate }),
      ...(closed && { streamClosed: closed }),
    }),
    next,
  )
