import { WebSocket } from 'ws'
import type { Ready } from './worker.ts'

/** Many sockets on one server, in a process of their own; tells how many frames with a delta came in all. */
let frames = 0
process.on(
  'message',
  (order: { readonly open?: { readonly ready: Ready; readonly sockets: number }; readonly count?: true }) => {
    if (order.count === true) process.send?.(frames)
    if (order.open !== undefined) void openAll(order.open.ready, order.open.sockets)
  },
)
process.on('disconnect', () => process.exit())

const openAll = async (ready: Ready, sockets: number): Promise<void> => {
  for (let done = 0; done < sockets;) {
    const some = Math.min(100, sockets - done)
    await Promise.all(Array.from({ length: some }, () => openOne(ready)))
    done += some
  }
  process.send?.('opened')
}

const openOne = ({ port, path, headers, hello }: Ready): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers, perMessageDeflate: false })
    socket.once('error', reject)
    socket.once('open', () => {
      for (const line of hello) socket.send(line)
      if (hello.length === 0) resolve()
    })
    socket.on('message', (data: Buffer) => {
      const head = data.subarray(0, 12).toString()
      if (head.startsWith('2')) socket.send('3')
      else if (head.startsWith('{"t":"ev"') || head.startsWith('42["ev"')) frames++
      else if (head.startsWith('{"t":"live"') || head.startsWith('40')) resolve()
    })
  })
