import type { Batch } from './ports.ts'
import type { ClientFrame, ServerFrame } from './frames.ts'

/** A run of events on its way to one subscription. */
export interface Run {
  readonly sub: string
  /** Cursors, as text. */
  readonly prev: string
  readonly cursor: string
  readonly batches: readonly Batch[]
}

/**
 * Port 3: a wire is a table between its own text and the one vocabulary of frames. It owns no socket, no timer and no
 * state: what a connection needs to remember, the connection remembers.
 */
export interface Dialect {
  readonly name: string
  /** rou3 syntax */
  readonly path: string
  /** Largest frame from a client once it is authenticated, in bytes; 1 KiB before. */
  readonly maxFrame: number
  /** What a client's frame says. @throws Failure `bad_frame`, `invalid_json`, `invalid_request`: answered, the socket stays. */
  decode(text: string): ClientFrame
  /** A frame for the client, or nothing where this wire has no words for it. */
  encode(frame: ServerFrame): string | undefined
  /** Events for the client. Called once for all the subscribers that are at the same place. */
  encodeRun(run: Run): string | undefined
}
