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
  closed(code: number, reason?: string): void
}

/** As much of the standard WebSocket as is used; `ws` and React Native's fit too. */
export interface SocketLike {
  send(text: string): void
  close(code?: number): void
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: never) => void): void
}
export type SocketClass = new (url: string, protocols: string[]) => SocketLike

const nothing = (): void => {}

/** The top rung: one JSON text a message. */
export const dialSocket = (Socket: SocketClass, url: string, heard: Heard): Wire => {
  let socket: SocketLike
  let over = false
  try {
    socket = new Socket(url, ['holdfast.v1'])
  } catch {
    // A page's policy may forbid it; as for any other failure, the answer comes later than the call.
    queueMicrotask(() => over || heard.closed(1006))
    return { send: nothing, close: () => void (over = true) }
  }
  socket.addEventListener('open', () => over || heard.opened())
  socket.addEventListener('message', ({ data }: { readonly data: unknown }) => {
    if (!over) heard.message(typeof data === 'string' ? data : '')
  })
  // `close` follows on each `error`, and says no less.
  socket.addEventListener('error', nothing)
  socket.addEventListener('close', ({ code, reason }: { readonly code: number; readonly reason?: string }) => {
    if (over) return
    over = true
    heard.closed(code, reason)
  })
  return {
    send: (frame) => {
      try {
        socket.send(JSON.stringify(frame))
      } catch {
        // It is closing: `closed` comes, and what was not acknowledged is sent again.
      }
    },
    close: () => {
      over = true
      socket.close(1000)
    },
  }
}
