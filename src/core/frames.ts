import { z } from 'zod'
import { id } from './commands.ts'
import type { Event } from './events.ts'
import type { FailureCode } from './failures.ts'

/**
 * The native protocol's frames, `holdfast.v1`; PROTOCOL.md says what they mean. Each is one JSON object in a text frame
 * and `t` names its kind. Client → server frames are schemas because they are checked; server → client frames are types.
 */

const cursor = z.string().length(33)

export const clientFrames = {
  /** First frame. `auth` where the upgrade carried no credential. */
  hello: z.object({
    v: z.number().int(),
    client: z.string().max(200).optional(),
    auth: z.string().max(1024).optional(),
    /** Bytes that may be on the way to this client without a `got`, a subscription. Default 1 MiB; 0: no limit but the socket's buffer. */
    window: z.number().int().min(0).max(16_777_216).optional(),
    /** ms during which events are gathered into one frame, 0 to 500. Default 40. */
    coalesce_ms: z.number().int().min(0).max(500).optional(),
  }),
  /** Follow a session from a cursor, or from a sentinel (default `start`). `id` is the client's name for the subscription. */
  sub: z.object({ id, session: id, cursor: cursor.optional(), from: z.enum(['start', 'now', 'snapshot']).optional() }),
  unsub: z.object({ id }),
  cmd: z.object({ id, session: id, type: z.string().max(40), data: z.unknown().optional(), expect: cursor.optional() }),
  got: z.object({ sub: id, cursor }),
  eph: z.object({
    session: id,
    key: z.string().min(1).max(100),
    data: z.unknown(),
    ttl: z.number().int().min(0).max(60_000).optional(),
  }),
  auth: z.object({ token: z.string().max(1024) }),
  ping: z.object({ n: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER) }),
  pong: z.object({ n: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER) }),
  bye: z.object({}),
} as const

type ClientFrames = typeof clientFrames
export type ClientFrameType = keyof ClientFrames
export type ClientFrame = {
  [K in ClientFrameType]: { readonly t: K } & Readonly<z.infer<ClientFrames[K]>>
}[ClientFrameType]

/** An error as it goes over any wire. */
export interface WireError {
  readonly code: FailureCode
  readonly message: string
  readonly retryable: boolean
  readonly retry_after_ms?: number
  readonly param?: string
}

export type ServerFrame =
  | {
      readonly t: 'welcome'
      readonly v: 1
      readonly conn: string
      readonly server: string
      readonly hb_ms: number
      readonly principal: { readonly id: string; readonly name: string; readonly permissions: readonly string[] }
      readonly limits: Limits
    }
  /** Follows at once: in `snapshot` mode `state` stands for everything up to `cursor`. */
  | {
      readonly t: 'sub.ok'
      readonly id: string
      readonly mode: 'replay' | 'snapshot' | 'live'
      readonly cursor: string
      readonly head: string
      readonly state?: unknown
    }
  /** `prev` must be the reader's cursor; afterwards its cursor is `cursor`. */
  | {
      readonly t: 'ev'
      readonly sub: string
      readonly prev: string
      readonly cursor: string
      readonly e: readonly Event[]
    }
  /** The reader has everything there is; sent once a subscription, after the replay. */
  | { readonly t: 'live'; readonly sub: string; readonly cursor: string }
  | { readonly t: 'ack'; readonly id: string; readonly cursor: string; readonly dup?: true }
  /** `id` of the command, or `sub` of the subscription, or neither: the frame before. */
  | ({ readonly t: 'err'; readonly id?: string; readonly sub?: string } & WireError)
  | {
      readonly t: 'eph'
      readonly session: string
      readonly key: string
      readonly by: string
      readonly data: unknown
      readonly ttl: number
    }
  | { readonly t: 'ping'; readonly n: number }
  | { readonly t: 'pong'; readonly n: number }
  | { readonly t: 'auth.ok'; readonly expires_in_ms?: number }
  | { readonly t: 'auth.expiring'; readonly in_ms: number }
  | ({ readonly t: 'bye'; readonly retry: boolean } & WireError)
  /** A frame over 64 KiB comes as a run of these: `data` joined in order is the frame's JSON. Nothing comes in between. */
  | { readonly t: 'frag'; readonly i: number; readonly n: number; readonly data: string }

export interface Limits {
  /** bytes */
  readonly frame: number
  /** commands that may wait for their ack */
  readonly in_flight: number
  readonly subscriptions: number
}
