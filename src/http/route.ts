import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod'
import type { Logger } from './log.ts'

/** What a credential may do. A role is a set of these. */
export type Permission = 'read' | 'write' | 'approve' | 'admin'

/** Who is asking. */
export interface Principal {
  /** The person, `user:…`: what events carry as `by`, and whose sessions they are. */
  readonly id: string
  /** Id of the key that they showed, or that opened their browser's session. */
  readonly key: string
  readonly name: string
  readonly permissions: ReadonlySet<Permission>
  /** Wall-clock ms after which the credential is void. */
  readonly expires?: number
}

/** One HTTP request on its way through the edge: Host, Origin, credential and limits are already checked. */
export interface Call {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Parsed once, from the raw request target; authorization and routing use this and nothing else. */
  readonly url: URL
  readonly params: Readonly<Record<string, string>>
  /** Anonymous (no permission) on public routes. */
  readonly principal: Principal
  readonly requestId: string
  readonly log: Logger
  /** The whole body. @throws Failure `payload_too_large` over the route's limit. */
  body(): Promise<Buffer>
  /** The body as JSON of this shape. @throws Failure `invalid_json`, `invalid_request`, `unsupported_media_type`, `payload_too_large`. */
  json<T>(shape: z.ZodType<T>): Promise<T>
  /** Answers with JSON. */
  send(status: number, value: unknown, headers?: Readonly<Record<string, string>>): void
}

/** A row of the route table. A handler throws a Failure; the edge turns it into the one error envelope. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** rou3 syntax: `/v1/sessions/:id`, `/v1/streams/**`. */
  readonly path: string
  readonly access: 'public' | Permission
  /** Body limit in bytes. Default 1 MiB. */
  readonly limit?: number
  /** Pages of other, allowed origins may call it with a key. Default: no answer is for them. */
  readonly cors?: boolean
  handle(call: Call): void | Promise<void>
}
