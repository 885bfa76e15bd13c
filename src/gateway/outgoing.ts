import type { Dialect } from '../core/dialect.ts'
import { type Failure, failures, toFailure } from '../core/failures.ts'
import type { ServerFrame } from '../core/frames.ts'
import type { Env } from '../core/ports.ts'
import { wireError } from './access.ts'
import { fragments } from './fragments.ts'
import { type Numbered, runFrame } from './run-frame.ts'

/** A socket, reduced to what a connection needs: no connection sees a WebSocket library, and a simulator can be one. */
export interface Wire {
  /** Bytes are a whole text frame, the same object for everyone who gets it. */
  readonly send: (data: string | Uint8Array) => void
  /** Bytes that are not in the network yet. */
  readonly buffered: () => number
  readonly close: (code: number, reason: string) => void
}

/** What an error is about, when it is not the socket itself: a command, a subscription, or something without a name. */
export interface About {
  readonly id?: string
  readonly sub?: string
}

/** Everything a connection says. */
export interface Outgoing {
  readonly send: (frame: ServerFrame) => void
  /** Sends events; answers with the size in bytes. */
  readonly sendRun: (run: Numbered) => number
  /** Tells an error; one about the socket itself that has a close code ends it. */
  readonly refuse: (error: unknown, about?: About) => void
  /** Says why, then closes with the failure's code. */
  readonly end: (failure: Failure) => void
  /** Says nothing any more. */
  readonly shut: () => void
  readonly over: () => boolean
  /** Monotonic ms of the last frame. */
  readonly spoke: () => number
}

export interface OutgoingOptions {
  readonly wire: Wire
  readonly dialect: Dialect
  readonly env: Env
  readonly onBug: (error: unknown) => void
  /** Called once, when nothing more will be said. */
  readonly onShut: () => void
}

export const createOutgoing = ({ wire, dialect, env, onBug, onShut }: OutgoingOptions): Outgoing => {
  let over = false
  let spoke = env.monotonic()

  const put = (pieces: readonly (string | Uint8Array)[]): void => {
    if (over) return
    spoke = env.monotonic()
    for (const piece of pieces) wire.send(piece)
  }
  const send = (frame: ServerFrame): void => {
    const text = dialect.encode(frame)
    if (text !== undefined) put(fragments(text))
  }
  const shut = (): void => {
    if (over) return
    over = true
    onShut()
  }
  const end = (failure: Failure): void => {
    if (over) return
    const code = failures[failure.code].close ?? 4400
    send({ t: 'bye', retry: code < 4400, ...wireError(failure) })
    wire.close(code, failure.code)
    shut()
  }
  return {
    send,
    sendRun: (run) => {
      const pieces = runFrame(dialect, run)
      put(pieces)
      let bytes = 0
      for (const piece of pieces) bytes += piece.length
      return bytes
    },
    refuse: (error, about) => {
      const failure = toFailure(error)
      if (failure.code === 'internal') onBug(failure.cause ?? failure)
      if (about === undefined && failures[failure.code].close !== null) end(failure)
      else send({ t: 'err', ...about, ...wireError(failure) })
    },
    end,
    shut,
    over: () => over,
    spoke: () => spoke,
  }
}
