/**
 * Everything that can go wrong, once: code → what HTTP says, what a socket closes with, whether trying again can help,
 * and the words. It feeds the JSON envelope, the close codes and the client's decision.
 * Close codes 4000-4399 mean "reconnect and resume", 4400-4999 "stop"; null means the socket stays open.
 */
export const failures = {
  invalid_request: { http: 400, close: null, retryable: false, message: 'The request is not valid' },
  invalid_json: { http: 400, close: null, retryable: false, message: 'The body is not valid JSON' },
  bad_frame: { http: 400, close: 4400, retryable: false, message: 'The frame is not one of this protocol' },
  unauthorized: { http: 401, close: 4401, retryable: false, message: 'A valid key is needed' },
  forbidden: { http: 403, close: 4403, retryable: false, message: 'This key may not do that' },
  origin_refused: { http: 403, close: 4403, retryable: false, message: 'This origin is not on the allow list' },
  not_found: { http: 404, close: 4404, retryable: false, message: 'Not found' },
  model_not_found: { http: 404, close: null, retryable: false, message: 'No such model' },
  method_not_allowed: { http: 405, close: null, retryable: false, message: 'This path does not take that method' },
  unsupported_version: { http: 400, close: 4406, retryable: false, message: 'Only protocol version 1 is spoken here' },
  authentication_timeout: { http: 408, close: 4408, retryable: false, message: 'No credential came in time' },
  request_timeout: { http: 408, close: null, retryable: true, message: 'The request did not arrive in time' },
  session_closed: { http: 409, close: null, retryable: false, message: 'The session is closed' },
  conflict: { http: 409, close: null, retryable: false, message: 'The session has moved on' },
  already_resolved: { http: 409, close: null, retryable: false, message: 'This question has been answered' },
  command_id_reused: { http: 409, close: null, retryable: false, message: 'This id was used for another command' },
  cursor_diverged: {
    http: 409,
    close: null,
    retryable: false,
    message: 'The cursor is ahead of the log: it was restored from an older copy',
  },
  cursor_invalid: { http: 400, close: null, retryable: false, message: 'The cursor is not one that this server gave' },
  stream_closed: {
    http: 409,
    close: null,
    retryable: false,
    message: 'The stream is closed: nothing more can be appended',
  },
  producer_gap: {
    http: 409,
    close: null,
    retryable: false,
    message: 'A batch of this producer is missing before this one',
  },
  producer_fenced: {
    http: 403,
    close: null,
    retryable: false,
    message: 'A newer epoch of this producer has taken over',
  },
  gone: { http: 410, close: null, retryable: false, message: 'This was deleted; its data is only kept for its forks' },
  trimmed: { http: 410, close: null, retryable: false, message: 'Events this old are only in the snapshot' },
  payload_too_large: { http: 413, close: null, retryable: false, message: 'Too large' },
  frame_too_large: { http: 413, close: 4413, retryable: false, message: 'The frame is too large' },
  unsupported_media_type: { http: 415, close: null, retryable: false, message: 'This content type is not taken here' },
  misdirected: { http: 421, close: null, retryable: false, message: 'This host name is not on the allow list' },
  upgrade_required: { http: 426, close: null, retryable: false, message: 'Expected Upgrade: websocket' },
  queue_full: { http: 429, close: null, retryable: true, message: 'Too many prompts wait in this session' },
  rate_limited: { http: 429, close: null, retryable: true, message: 'Too many requests' },
  too_many_connections: { http: 503, close: 1013, retryable: true, message: 'Too many connections' },
  slow_consumer: { http: 429, close: 4001, retryable: true, message: 'The reader took nothing for too long' },
  heartbeat_timeout: { http: 408, close: 4002, retryable: true, message: 'Nothing was heard for too long' },
  draining: { http: 503, close: 1012, retryable: true, message: 'The server is restarting' },
  moved: { http: 503, close: 4005, retryable: true, message: 'The session is served by another node' },
  session_damaged: {
    http: 500,
    close: null,
    retryable: false,
    message: 'The stored log of this session is damaged; run "holdfast verify"',
  },
  agent_unavailable: { http: 503, close: null, retryable: true, message: 'Service temporarily unavailable' },
  agent_failed: { http: 500, close: null, retryable: false, message: 'The agent failed' },
  upstream_unreachable: { http: 502, close: null, retryable: true, message: 'The model server does not answer' },
  upstream_reset: { http: 502, close: null, retryable: true, message: 'The model server broke off' },
  upstream_error: { http: 502, close: null, retryable: true, message: 'The model server answered with an error' },
  upstream_unauthorized: { http: 502, close: null, retryable: false, message: 'The model server refused the key' },
  upstream_rejected: { http: 502, close: null, retryable: false, message: 'The model server did not take the request' },
  upstream_rate_limited: { http: 429, close: null, retryable: true, message: 'The model server asks to wait' },
  upstream_overloaded: { http: 503, close: null, retryable: true, message: 'The model server is overloaded' },
  upstream_garbage: {
    http: 502,
    close: null,
    retryable: false,
    message: 'The model server sent what is not its protocol',
  },
  /** The turn ends as `limit`: what was said is kept. */
  output_limit: {
    http: 422,
    close: null,
    retryable: false,
    message: 'The answer reached the length limit of the model; ask it to go on',
  },
  /** The turn ends as `refused`: what was said is kept. */
  refused: { http: 422, close: null, retryable: false, message: 'The model or its content filter refused to go on' },
  timeout: { http: 504, close: null, retryable: true, message: 'Nothing came in time' },
  shutdown: { http: 503, close: null, retryable: true, message: 'The server was stopped' },
  restarted: { http: 503, close: null, retryable: true, message: 'The server was restarted while this ran' },
  node_lost: { http: 503, close: null, retryable: true, message: 'The node that ran this was lost' },
  storage_full: { http: 507, close: null, retryable: true, message: 'The disk is full: nothing new can be saved' },
  read_only: { http: 507, close: null, retryable: true, message: 'The disk is read-only: nothing new can be saved' },
  internal: { http: 500, close: 1011, retryable: true, message: 'Something is wrong in the server; its log says what' },
} as const satisfies Record<string, { http: number; close: number | null; retryable: boolean; message: string }>

export type FailureCode = keyof typeof failures

/** The one error that crosses layers. Its message may be shown to the user; a `cause` never is. */
export class Failure extends Error {
  readonly code: FailureCode
  /** ms to wait before trying again, where it is known. */
  readonly retryAfterMs: number | undefined
  /** The field or parameter that is at fault, where there is one. */
  readonly param: string | undefined

  constructor(
    code: FailureCode,
    message?: string,
    more: { cause?: unknown; retryAfterMs?: number; param?: string } = {},
  ) {
    super(message ?? failures[code].message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'Failure'
    this.code = code
    this.retryAfterMs = more.retryAfterMs
    this.param = more.param
  }
}

/** Any thrown value as a Failure: what is not one is a bug and becomes `internal`, with the original as its cause. */
export const toFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : new Failure('internal', undefined, { cause: error })

export const isFailureCode = (code: string): code is FailureCode => Object.hasOwn(failures, code)
