import { Failure } from '../../core/failures.ts'

/** What a reader asks for. */
export interface Read {
  /** `-1`, `now`, or an offset that was given out; undefined when there was none. */
  readonly offset: string | undefined
  readonly live: 'long-poll' | 'sse' | undefined
  /** The collapse cursor sent back. */
  readonly cursor: string | null
}

const shape = /^(?:-1|now|\d{16}_\d{16})$/

/**
 * Reads the query of a GET. `Last-Event-ID`, which a browser's EventSource sends when it reconnects, beats `offset`.
 * @throws Failure `invalid_request`, `cursor_invalid`
 */
export const parseRead = (query: URLSearchParams, lastEventId?: string): Read => {
  const offsets = query.getAll('offset')
  if (offsets.length > 1) throw new Failure('invalid_request', 'Only one offset', { param: 'offset' })
  const offset = lastEventId === undefined || lastEventId === '' ? offsets[0] : lastEventId
  if (offset !== undefined && !shape.test(offset)) throw new Failure('cursor_invalid', undefined, { param: 'offset' })
  const live = query.get('live') ?? undefined
  if (live !== undefined && live !== 'long-poll' && live !== 'sse')
    throw new Failure('invalid_request', 'live: long-poll or sse', { param: 'live' })
  if (live !== undefined && offset === undefined)
    throw new Failure('invalid_request', 'A live read needs an offset', { param: 'offset' })
  return { offset, live, cursor: query.get('cursor') }
}
