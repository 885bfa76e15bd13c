import { WebSocket, type ClientOptions } from 'ws'
import { closing } from './closing.ts'

export interface Tried {
  /** 101 when it was opened. */
  readonly status: number
  readonly socket: WebSocket
  readonly body: string
  /** The next text frame; frames that came before are kept. */
  readonly next: () => Promise<string>
}

const keepFrames = (socket: WebSocket): (() => Promise<string>) => {
  const frames: string[] = []
  const waiting: ((frame: string) => void)[] = []
  socket.on('message', (data: Buffer) => {
    const first = waiting.shift()
    if (first === undefined) frames.push(data.toString())
    else first(data.toString())
  })
  return () =>
    new Promise((resolve) => {
      const frame = frames.shift()
      if (frame === undefined) waiting.push(resolve)
      else resolve(frame)
    })
}

/** Tries to open a WebSocket. */
export const trySocket = (
  url: string,
  options: ClientOptions & { readonly offer?: readonly string[] } = {},
): Promise<Tried> =>
  new Promise((resolve, reject) => {
    const socket = closing(new WebSocket(url, [...(options.offer ?? [])], options), (one) => one.terminate())
    const next = keepFrames(socket)
    socket.on('open', () => resolve({ status: 101, socket, body: '', next }))
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, socket, body, next }))
    })
    socket.on('error', (error) => reject(error))
  })

export const closeCode = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) resolve(0)
    socket.once('close', (code) => resolve(code))
  })
