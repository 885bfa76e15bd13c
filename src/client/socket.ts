import type { ClientFrame } from '../core/frames.ts'

/** A connection as the machine sees it, whatever carries it. */
export interface Wire {
  send(frame: ClientFrame): void
  /** Ends it; nothing is heard of it afterwards. */
  close(): void
}

/** What a wire tells. After `closed` it tells nothing. */
export interface Heard {
  opened(): void
  message(text: string): void
  /** Bytes that are no frame. */
  alive(): void
  /** @param code as of a WebSocket; 1006 when nobody said */
  closed(code: number): void
}

/** As much of the standard WebSocket as is used; `ws` and React Native's fit too. */
export interface SocketLike {
  send(text: string): void
  close(code?: number): void
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
}
export type SocketClass = new (url: string, protocols: string[]) => SocketLike

const nothing = (): void => {}

/** The top rung: one JSON text a message. */
export const dialSocket = (Socket: SocketClass, url: string, heard: Heard): Wire => {
  let socket: SocketLike | undefined
  try {
    socket = new Socket(url, ['holdfast.v1'])
  } catch {
    // A page's policy may forbid it; as for any other failure, the answer comes later than the call.
    queueMicrotask(() => heard.closed(1006))
    return { send: nothing, close: nothing }
  }
  const quiet = (): void => {
    socket.onopen = socket.onmessage = socket.onclose = null
  }
  socket.onopen = () => heard.opened()
  socket.onmessage = (event: { readonly data: unknown }) => heard.message(typeof event.data === 'string' ? event.data : '')
  // `close` follows on each `error`, and says no less.
  socket.onerror = nothing
  socket.onclose = (event: { readonly code: number }) => {
    quiet()
    heard.closed(event.code)
  }
  return {
    send: (frame) => {
      try {
        socket.send(JSON.stringify(frame))
      } catch {
        // It is closing: `closed` comes, and what was not acknowledged is sent again.
      }
    },
    close: () => {
      quiet()
      socket.close(1000)
    },
  }
}
