import type { ClientFrame } from '../core/frames.ts'

/** A connection as the machine sees it, whatever carries it. */
export interface Wire {
  send(frame: ClientFrame): void
  /** Ends it; nothing is heard of it afterwards. */
  close(): void
}

/** What a wire tells: the machine's inputs, without the connection's number. After `closed` it tells nothing. */
export type Hear = (
  input:
    | { readonly type: 'opened' }
    | { readonly type: 'message'; readonly text: string }
    /** Bytes that are no frame. */
    | { readonly type: 'heard' }
    /** `code` as of a WebSocket; 1006 when nobody said. */
    | { readonly type: 'closed'; readonly code: number; readonly reason?: string },
) => void

/** As much of the standard WebSocket as is used; `ws` and React Native's fit too. */
interface SocketLike {
  send(text: string): void
  close(code?: number): void
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: never) => void): void
}
export type SocketClass = new (url: string, protocols: string[]) => SocketLike

/** The top rung: one JSON text a message. */
export const dialSocket = (Socket: SocketClass, url: string, hear: Hear): Wire => {
  let socket: SocketLike
  let over = false
  const tell: Hear = (input) => {
    if (over) return
    over = input.type === 'closed'
    hear(input)
  }
  const close = (): void => void (over = true)
  try {
    socket = new Socket(url, ['holdfast.v1'])
  } catch {
    // A page's policy may forbid it; as for any other failure, the answer comes later than the call.
    queueMicrotask(() => tell({ type: 'closed', code: 1006 }))
    return { send: close, close }
  }
  socket.addEventListener('open', () => tell({ type: 'opened' }))
  socket.addEventListener('message', ({ data }: { readonly data: unknown }) =>
    tell({ type: 'message', text: String(data) }),
  )
  // `close` follows on each `error`, and says no less; `ws` wants it listened to all the same.
  socket.addEventListener('error', () => {})
  socket.addEventListener('close', ({ code, reason = '' }: { readonly code: number; readonly reason?: string }) =>
    tell({ type: 'closed', code, reason }),
  )
  return {
    // On one that is closing this does nothing: `closed` comes, and what was not acknowledged is sent again.
    send: (frame) => socket.send(JSON.stringify(frame)),
    close: () => {
      close()
      socket.close(1000)
    },
  }
}
