import http from 'node:http'
import { connect } from 'node:net'
import { WebSocket } from 'ws'

/** Events in a piece of a log or a stream. */
const eventsIn = (text: string): number => text.split('"type":').length - 1

export interface Asked {
  readonly port: number
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Reads a Durable Stream from its start to its end over one new connection. Resolves with its number of events. */
export const readStream = async ({ port, path, headers = {} }: Asked): Promise<number> => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  let count = 0
  try {
    for (let offset = '-1'; ;) {
      const { text, head } = await new Promise<{ text: string; head: http.IncomingHttpHeaders }>((resolve, reject) => {
        const request = http.get({ agent, host: '127.0.0.1', port, path: `${path}?offset=${offset}`, headers })
        request.once('error', reject)
        request.once('response', (answer) => {
          const parts: Buffer[] = []
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.once('end', () => resolve({ text: Buffer.concat(parts).toString(), head: answer.headers }))
        })
      })
      count += eventsIn(text)
      if (head['stream-up-to-date'] !== undefined) return count
      offset = String(head['stream-next-offset'])
    }
  } finally {
    agent.destroy()
  }
}

/** Follows sessions from their starts over one new socket of ours until all are live. Resolves with the number of events. */
export const readSocket = ({ port, headers }: Asked, sessions: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, {
      ...(headers && { headers }),
      perMessageDeflate: false,
    })
    let [count, live] = [0, 0]
    socket.once('error', reject)
    socket.once('open', () => {
      socket.send('{"t":"hello","v":1,"window":0}')
      for (const session of sessions) socket.send(JSON.stringify({ t: 'sub', id: session, session, from: 'start' }))
    })
    socket.on('message', (data: Buffer) => {
      const frame = data.toString()
      if (frame.startsWith('{"t":"ev"')) count += eventsIn(frame)
      if (!frame.startsWith('{"t":"live"')) return
      live++
      if (live < sessions.length) return
      socket.close()
      resolve(count)
    })
  })

/** Sends a name and reads what comes back on a bare socket. Resolves with the number of events. */
export const readBare = (port: number, name: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(name))
    const parts: Buffer[] = []
    socket.once('error', reject)
    socket.on('data', (part: Buffer) => parts.push(part))
    socket.once('end', () => resolve(eventsIn(Buffer.concat(parts).toString())))
  })
