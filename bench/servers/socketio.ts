import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { obey, text } from './worker.ts'

interface SocketIo {
  readonly Server: new (http: unknown, options: object) => { emit(name: string, data: object): void }
}

/** A peer: socket.io on WebSocket alone, memory only, sending frames of the same size to everyone. */
const { Server } = createRequire(join(import.meta.dirname, '../peers/package.json'))('socket.io') as SocketIo
const http = createServer()
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false })
await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
const cursor = '0000000000000001_0000000000000001'
obey(
  {
    port: (http.address() as AddressInfo).port,
    path: '/socket.io/?EIO=4&transport=websocket',
    headers: {},
    hello: ['40'],
  },
  (index) =>
    io.emit('ev', {
      prev: cursor,
      cursor,
      e: [
        {
          seq: index,
          type: 'text',
          mid: 'm',
          part: 0,
          offset: index * 28,
          delta: text,
          by: 'agent:metronome',
          at: Date.now(),
        },
      ],
    }),
)
