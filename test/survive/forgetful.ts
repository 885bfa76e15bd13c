import type { Event } from '../../src/core/events.ts'
import { openNative, type Native } from '../tools/native.ts'
import type { Client, Driver } from './driver.ts'

/**
 * The same server with the client that one writes on the first day: it shows what comes, opens a new socket when the old
 * one is gone, goes on with what is new then, and says again what was not acknowledged. It is there to be caught.
 */
export const forgetful = (
  driver: Driver,
  server: { readonly key: () => string; readonly session: () => string },
): Driver => ({
  ...driver,
  name: 'forgetful',
  connect: ({ url, shown }): Client => {
    const waiting = new Map<string, () => void>()
    const turns = new Map<string, string>()
    const texts = new Map<string, string>()
    const over = new AbortController()
    let at = ''
    let socket: Native | undefined

    const apply = (event: Event): void => {
      if (event.type === 'prompt') turns.set(event.turn, event.text)
      if (event.type === 'turn.started') at = turns.get(event.turn) ?? ''
      if (event.type !== 'text') return
      texts.set(at, (texts.get(at) ?? '') + event.delta)
      shown(at, texts.get(at) ?? '')
    }
    const say = (text: string): void =>
      socket?.send({ t: 'cmd', id: crypto.randomUUID(), session: server.session(), type: 'prompt', data: { text } })
    const hear = (data: unknown): void => {
      const frame = JSON.parse(String(data)) as { t: string; e?: readonly Event[] }
      for (const event of frame.e ?? []) apply(event)
      // Whatever was acknowledged, it will have been the oldest.
      const [oldest] = waiting
      if (frame.t !== 'ack' || oldest === undefined) return
      waiting.delete(oldest[0])
      oldest[1]()
    }
    const live = async (): Promise<void> => {
      while (!over.signal.aborted) {
        try {
          socket = await openNative(url, { key: server.key() })
          socket.socket.on('message', hear)
          socket.send({ t: 'sub', id: 's', session: server.session(), from: 'now' })
          for (const text of waiting.keys()) say(text)
          await socket.closed
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      }
      socket?.close()
    }
    void live()
    return {
      send: (text) =>
        new Promise((resolve) => {
          waiting.set(text, resolve)
          if (socket?.socket.readyState === 1) say(text)
        }),
      waiting: () => waiting.size,
      close: () => {
        over.abort()
        socket?.close()
      },
    }
  },
})
