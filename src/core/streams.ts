/**
 * Raw streams: named, append-only logs of bytes or of JSON messages, with the semantics of the Durable Streams protocol.
 * A position counts bytes, in a JSON stream messages. A stream may be a fork: what is before its fork point is read from
 * its source, so positions are the same in both.
 */

/** `scope` keeps tenants apart: the same path in two scopes is two streams. */
export interface StreamName {
  readonly scope: string
  readonly path: string
}

export type StreamKind = 'json' | 'text' | 'bytes'

/** The part of a fork that another stream (`id`) holds: positions before `to`, after those of the segment before. */
export interface Segment {
  readonly id: number
  readonly to: number
}

/** A position and the stream that wrote what is before it. `{ id: 0, position: 0 }` is the start of any stream. */
export interface Place {
  readonly id: number
  readonly position: number
}

/** Which batch of which producer: what makes an append idempotent. */
export interface Producer {
  readonly id: string
  readonly epoch: number
  readonly seq: number
}

export interface ForkRequest {
  readonly path: string
  /** Default: the tail of the source. */
  readonly at?: Place
  /** Bytes or messages after `at`, at most to the end of the append that `at` is in. */
  readonly sub: number
}

export interface CreateStream {
  readonly contentType?: string
  /** s without a read or a write after which it expires. */
  readonly ttl?: number
  /** ms since 1970 at which it expires. */
  readonly expires?: number
  readonly closed: boolean
  readonly fork?: ForkRequest
  readonly data: Uint8Array
  /** How far `data` moves the tail: bytes or messages. */
  readonly count: number
}

export interface AppendStream {
  /** Must be the stream's when there is data. */
  readonly contentType?: string
  /** JSON messages are joined by commas. Empty only together with `close`. */
  readonly data: Uint8Array
  readonly count: number
  readonly close: boolean
  /** The application's own order: must grow, compared byte by byte, scoped to the stream. */
  readonly seq?: string
  readonly producer?: Producer
}

/** What is known about a stream, as of one commit. */
export interface Stream extends StreamName {
  /** Never used again, not even when the stream is deleted and created anew. */
  readonly id: number
  readonly contentType: string
  /** The position after the last byte or message. */
  readonly tail: number
  readonly closed: boolean
  readonly closedBy?: Producer
  readonly ttl?: number
  readonly expires?: number
  readonly seq?: string
  readonly fork?: ForkRequest & { readonly id: number }
  readonly inherited: readonly Segment[]
  /** How many streams were forked from this one and still exist. */
  readonly forks: number
  /** Deleted by its owner, kept for its forks. */
  readonly gone: boolean
  /** ms since 1970 of the last read or write that was written down. */
  readonly touched: number
}

export type Appended =
  /** `stream` as it is now; `seq` is the highest the producer had accepted. */
  | { readonly outcome: 'appended' | 'duplicate'; readonly stream: Stream; readonly seq?: number }
  | { readonly outcome: 'stream_closed'; readonly stream: Stream }
  | { readonly outcome: 'producer_fenced'; readonly epoch: number }
  | { readonly outcome: 'producer_gap'; readonly expected: number }

/** Nothing was written: the stream may have expired, which is to be looked at first. */
export interface Mortal {
  readonly outcome: 'mortal'
  readonly stream: Stream
}

/** One append as it is stored. */
export interface StreamRow {
  readonly start: number
  readonly end: number
  readonly data: Uint8Array
}

/** `to` is where the reader must stop in this row: less than `end` only at a fork point. */
export type ReadRow = StreamRow & { readonly to: number }

export interface StreamChunk {
  /** As it was when the rows were read. */
  readonly stream: Stream
  readonly rows: readonly ReadRow[]
}

/** Raw streams on some store. Every write that resolves is durable. Errors are Failures: those named, `storage_full`, `read_only`, `internal`. */
export interface StreamStore {
  /** Grows when an acknowledged tail may have been lost. */
  readonly epoch: number
  /** @throws Failure `conflict` when it exists otherwise, `not_found` (no source to fork), `cursor_invalid` (fork point) */
  create(name: StreamName, request: CreateStream): Promise<{ readonly created: boolean; readonly stream: Stream }>
  /** @throws Failure `not_found`, `gone`, `conflict` (content type, order), `invalid_request` (producer) */
  append(name: StreamName, request: AppendStream): Promise<Appended>
  /** @throws Failure `not_found`, `gone` */
  remove(name: StreamName): Promise<void>
  /** `touch` restarts the time to live. @throws Failure `not_found`, `gone` */
  find(name: StreamName, touch: boolean): Promise<Stream>
  /** About `max` bytes from a position on, always at least one append if there is one. @throws Failure `not_found` */
  read(id: number, from: number, max: number): Promise<StreamChunk>
  /** Calls back after each commit to the stream, until the returned function is called. A stream that is watched does not expire. */
  watch(id: number, wake: () => void): () => void
  close(): Promise<void>
}
