import type { Env } from '../../core/ports.ts'
import type { Piece } from '../../dialects/durable-streams/pieces.ts'
import type { StreamKind } from '../../core/streams.ts'

/** bytes of one SSE event: with what is around it under 64 KiB, the most that a frame of ours has on any wire */
export const pieceSize = 60 * 1024

/** Where a log stands. */
export interface Tail {
  readonly position: number
  readonly closed: boolean
}

export interface Portion {
  /** In order, without a hole; empty when there is nothing after `from`. */
  readonly pieces: readonly Piece[]
  /** Of the log when it was read. */
  readonly tail: Tail
}

/** A log that is served as a Durable Stream: a raw stream, or a session's events. */
export interface Source {
  readonly kind: StreamKind
  readonly contentType: string
  /** For catch-up answers that carry data and are not the last. */
  readonly cacheControl: string
  /** Entity tag of what is between two positions; undefined: this log has none. */
  etag(from: number, next: number, closed: boolean): string | undefined
  offset(position: number): string
  /** The position of an offset that is no sentinel. @throws Failure `cursor_invalid`, `cursor_diverged` */
  locate(offset: string): number
  tail(): Promise<Tail>
  /** @throws Failure `not_found`, `trimmed` */
  read(from: number, max: number): Promise<Portion>
  /** Calls back after each commit. */
  watch(wake: () => void): () => void
}

export interface LiveOptions {
  readonly env: Pick<Env, 'now' | 'monotonic' | 'random' | 'after'>
  /** ms a long-poll waits. Default 20,000. */
  readonly longPollMs?: number
  /** ms after which an SSE answer ends, so that the client comes anew. Default 300,000. */
  readonly sseMs?: number
  /** ms of silence after which an SSE answer carries a comment. Default 15,000. */
  readonly commentMs?: number
  /** ms in which a reader must take something, else it is dropped. Default 60,000. */
  readonly stallMs?: number
  /** bytes of one catch-up answer. Default 1 MiB; a single larger message comes whole. */
  readonly chunk?: number
  /** Aborts when the server stops: live answers end, so that clients come to another one. */
  readonly stopping?: AbortSignal
}
