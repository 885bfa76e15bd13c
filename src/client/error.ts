import type { FailureCode } from '../core/failures.ts'
import type { WireError } from '../core/frames.ts'

/** What the server refused, or this client itself; `code` is one of the protocol's [X1]. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: FailureCode
  /** Whether trying again can help. */
  readonly retryable: boolean
  /** ms to wait before trying again, where it is known. */
  readonly retryAfterMs: number | undefined
  /** The field that is at fault, where there is one. */
  readonly param: string | undefined

  constructor({ code, message, retryable, retry_after_ms, param }: WireError) {
    super(message)
    this.code = code
    this.retryable = retryable
    this.retryAfterMs = retry_after_ms
    this.param = param
  }
}

/** The error that a frame carries, without the frame. */
export const wireError = (frame: WireError): WireError => {
  const {
    t: _t,
    id: _id,
    sub: _sub,
    retry: _retry,
    ...error
  } = frame as WireError & Partial<Record<'t' | 'id' | 'sub' | 'retry', unknown>>
  return error
}
