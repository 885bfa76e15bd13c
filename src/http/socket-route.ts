import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Carrier } from './credential.ts'
import type { Logger } from './log.ts'
import type { Permission, Principal } from './route.ts'

/** A WebSocket that has passed the edge: Host, Origin, limits, and its credential if it brought one. */
export interface Opening {
  readonly socket: WebSocket
  readonly req: IncomingMessage
  readonly url: URL
  readonly params: Readonly<Record<string, string>>
  /** Null when the request had no credential: the first frame must have it, within the edge's deadline. */
  readonly principal: Principal | null
  readonly carrier: Carrier | null
  readonly requestId: string
  readonly log: Logger
  /**
   * Must be called with the principal that a first frame proved; not needed when `principal` is given. Ends the deadline.
   * @throws Failure `forbidden`, `rate_limited` (too many connections of this key)
   */
  admit(principal: Principal): void
}

/** A row of the socket table. */
export interface SocketRoute {
  /** rou3 syntax */
  readonly path: string
  /** What it takes to connect at all. Default `read`. */
  readonly access?: Permission
  /** Largest message in bytes. Default 64 KiB, at most 1 MiB. */
  readonly maxPayload?: number
  /** Subprotocols in the order we like them; one is selected only when it is offered. Default `holdfast.v1`. */
  readonly protocols?: readonly string[]
  /** Takes the socket over, synchronously: listeners must be there when it returns. */
  open(opening: Opening): void
  /** No credential came in time. Default: close 4408. */
  late?(opening: Opening): void
}
