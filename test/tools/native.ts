import { WebSocket } from 'ws'
import type { ServerFrame } from '../../src/core/frames.ts'

/** A raw socket of the native protocol, for tests that want to see every frame. */
export interface Native {
  readonly frames: ServerFrame[]
  readonly send: (frame: object | string) => void
  /** The next frame that fits, from those already there and not taken. @throws after 5 s, with what came instead */
  readonly next: <T extends ServerFrame['t']>(
    t: T,
    fits?: (frame: Extract<ServerFrame, { t: T }>) => boolean,
  ) => Promise<Extract<ServerFrame, { t: T }>>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly socket: WebSocket
  readonly close: () => void
}

export const openNative = async (
  url: string,
  options: { readonly key?: string; readonly hello?: object; readonly headers?: Record<string, string> } = {},
): Promise<Native> => {
  const headers = { ...(options.key !== undefined && { authorization: `Bearer ${options.key}` }), ...options.headers }
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/socket`, 'holdfast.v1', { headers })
  const frames: ServerFrame[] = []
  const pieces: string[] = []
  const wakes = new Set<() => void>()
  let taken = 0
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => {
      resolve({ code, reason: String(reason) })
      for (const wake of wakes) wake()
    }),
  )
  socket.on('error', () => undefined)
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as ServerFrame
    if (frame.t === 'frag') {
      pieces.push(frame.data)
      if (frame.i + 1 < frame.n) return
      frames.push(JSON.parse(pieces.splice(0).join('')) as ServerFrame)
    } else frames.push(frame)
    for (const wake of wakes) wake()
  })
  await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const send = (frame: object | string): void => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  const next: Native['next'] = async (t, fits = () => true) => {
    const limit = Date.now() + 5000
    for (;;) {
      const index = frames.findIndex((frame, i) => i >= taken && frame.t === t && fits(frame as never))
      if (index >= 0) {
        taken = index + 1
        return frames[index] as never
      }
      if (Date.now() > limit || socket.readyState === WebSocket.CLOSED)
        throw new Error(
          `no ${t} came; after what was taken there were ${JSON.stringify(frames.slice(taken)).slice(0, 2000)}`,
        )
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, 100)
        function done(): void {
          clearTimeout(timer)
          wakes.delete(done)
          resolve()
        }
        wakes.add(done)
      })
    }
  }
  if (options.hello !== undefined || options.key !== undefined) {
    send({ t: 'hello', v: 1, ...options.hello })
    await next('welcome')
  }
  return { frames, send, next, closed, socket, close: () => socket.terminate() }
}
