import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { obey, text } from './worker.ts'

/** The floor: nothing but `ws`, one frame encoded once, the size of ours. */
const http = createServer()
const server = new WebSocketServer({ server: http, perMessageDeflate: false })
await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
const cursor = '0000000000000001_0000000000000001'
obey({ port: (http.address() as AddressInfo).port, path: '/', headers: {}, hello: [] }, (index) => {
  const event = {
    seq: index,
    type: 'text',
    mid: 'm',
    part: 0,
    offset: index * 28,
    delta: text,
    by: 'agent:metronome',
    at: Date.now(),
  }
  const frame = Buffer.from(JSON.stringify({ t: 'ev', sub: '1', prev: cursor, cursor, e: [event] }))
  for (const client of server.clients) client.send(frame, { binary: false })
})
