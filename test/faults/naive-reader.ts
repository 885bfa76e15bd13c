import type { Event } from '../../src/core/events.ts'
import { openNative, type Native } from '../tools/native.ts'
import type { Copy } from './checker.ts'

/** What a reader of one's own can do wrong. */
export type Mistake =
  | 'none'
  /** Subscribes again from where it began the time before, and shows again what comes. */
  | 'keeps no cursor'
  /** Subscribes again from what is newest. */
  | 'skips to the head'
  /** Does not subscribe again. */
  | 'does not come back'

/** A reader made of a bare socket. */
export interface NaiveReader {
  readonly copy: () => Copy
  /** Its connection is gone. */
  readonly leave: () => void
  /** It opens another one and goes on, as it thinks right. */
  readonly comeBack: () => Promise<void>
}

export const naiveReader = async (
  server: { readonly url: string; readonly key: () => string },
  session: string,
  mistake: Mistake,
): Promise<NaiveReader> => {
  const events: Event[] = []
  let [cursor, begun]: [string | undefined, string | undefined] = [undefined, undefined]
  let socket: Native | undefined

  const open = async (from: 'start' | 'now'): Promise<void> => {
    const mine = await openNative(server.url, { key: server.key(), hello: { coalesce_ms: 0 } })
    socket = mine
    mine.socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { t: string; cursor: string; e: Event[] }
      if (frame.t === 'sub.ok') begun = frame.cursor
      if (frame.t !== 'ev') return
      events.push(...frame.e)
      cursor = frame.cursor
    })
    mine.send({ t: 'sub', id: 'r', session, ...(from === 'start' && cursor !== undefined ? { cursor } : { from }) })
    await mine.next('sub.ok')
  }
  await open('start')
  return {
    copy: () => ({ name: `a reader that ${mistake}`, events, current: true }),
    leave: () => socket?.close(),
    comeBack: async () => {
      if (mistake === 'does not come back') return
      if (mistake === 'keeps no cursor') cursor = begun
      await open(mistake === 'skips to the head' ? 'now' : 'start')
    },
  }
}
