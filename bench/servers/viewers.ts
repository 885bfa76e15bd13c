import { WebSocket } from 'ws'
import { machineNow } from '../clock.ts'

/** What viewers look at: one of them a session. */
export interface Viewed {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly sessions: readonly string[]
}
export type ViewersOrder =
  /** Answers when all have subscribed. `coalesceMs`: as in `hello`; without it as it comes. */
  | { readonly open: Viewed; readonly coalesceMs?: number }
  /** Answers with what came since the last time it was asked. */
  | { readonly report: true }
export interface ViewersReport {
  readonly frames: number
  readonly events: number
  /** ms from the time that a delta carries until it was here, for deltas that carry one. */
  readonly waits: readonly number[]
}

let frames = 0
let events = 0
let waits: number[] = []

process.on('message', (order: ViewersOrder) => {
  if ('open' in order) void Promise.all(order.open.sessions.map((session) => open(order, session))).then(tellOpen)
  else {
    process.send?.({ frames, events, waits } satisfies ViewersReport)
    frames = 0
    events = 0
    waits = []
  }
})
process.on('disconnect', () => process.exit())
const tellOpen = () => process.send?.('opened')

const open = (
  { open: { url, headers }, coalesceMs }: Extract<ViewersOrder, { open: Viewed }>,
  session: string,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers, perMessageDeflate: false })
    socket.once('error', reject)
    socket.once('open', () => {
      socket.send(JSON.stringify({ t: 'hello', v: 1, ...(coalesceMs !== undefined && { coalesce_ms: coalesceMs }) }))
      socket.send(JSON.stringify({ t: 'sub', id: '1', session, from: 'now' }))
    })
    let cursor = ''
    let given = 0
    socket.on('message', (data: Buffer) => {
      const now = machineNow()
      const frame = data.toString()
      if (frame.startsWith('{"t":"live"')) resolve()
      if (frame.startsWith('{"t":"ping"')) socket.send(frame.replace('ping', 'pong'))
      if (!frame.startsWith('{"t":"ev"')) return
      frames++
      cursor = /"cursor":"([\d_]+)"/.exec(frame)?.[1] ?? ''
      given += data.length
      // As our own client does: flow control is part of what is measured.
      if (given > 262_144) {
        socket.send(JSON.stringify({ t: 'got', sub: '1', cursor }))
        given = 0
      }
      for (const [, time] of frame.matchAll(/"delta":"(?:(\d+\.\d{3}) )?/g)) {
        events++
        if (time !== undefined) waits.push(now - Number(time))
      }
    })
  })
