import { connect, type Socket } from 'node:net'
import { createClient } from '../../src/client/client.ts'
import { memoryStore } from '../../src/client/store.ts'

/**
 * A crowd of clients in a process of its own, which does what its parent says. `sockets`: bare ones, that ask for an
 * upgrade with the key or say nothing. `clients`: of the kind applications are made with, each following a session.
 */
export type Order =
  | {
      readonly do: 'sockets'
      readonly port: number
      readonly count: number
      /** How many of a hundred say nothing. */
      readonly silent: number
      readonly key: string
    }
  | {
      readonly do: 'clients'
      readonly url: string
      readonly count: number
      readonly key: string
      readonly sessions: readonly string[]
    }
  | { readonly do: 'tell' | 'leave' }

export interface Told {
  /** First lines of answers, and how often; '' for none. */
  readonly answers: Readonly<Record<string, number>>
  readonly connected: number
  /** Of the clients: the last event each has. */
  readonly seen: readonly number[]
  /** ms that the first retry of each client was put off, since the last `tell`. */
  readonly delays: readonly number[]
  readonly doubled: number
}

const sockets: { readonly socket: Socket; answer: string; open: boolean }[] = []
const clients: { seen: number; connected: boolean; leave(): void }[] = []
let delays: number[] = []
let doubled = 0

const openSocket = (port: number, first: string): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const one = { socket, answer: '', open: true }
    sockets.push(one)
    socket.on('error', () => undefined)
    socket.on('data', (data: Buffer) => {
      one.answer ||= data.toString('latin1').split('\r\n', 1)[0] ?? ''
      resolve()
    })
    socket.once('close', () => {
      one.open = false
      resolve()
    })
    socket.once('connect', () => {
      if (first === '') resolve()
      else socket.write(first)
    })
  })

const openSockets = async ({ port, count, silent, key }: Extract<Order, { do: 'sockets' }>): Promise<void> => {
  const upgrade = [
    'GET /v1/socket HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol: holdfast.v1',
    `Authorization: Bearer ${key}`,
    '\r\n',
  ].join('\r\n')
  for (let done = 0; done < count; done += 200)
    await Promise.all(
      Array.from({ length: Math.min(200, count - done) }, (_, index) =>
        openSocket(port, (done + index) % 100 < silent ? '' : upgrade),
      ),
    )
}

const openClients = async ({ url, count, key, sessions }: Extract<Order, { do: 'clients' }>): Promise<void> => {
  const open = async (number: number): Promise<void> => {
    const client = createClient({ url, key, storage: memoryStore(), transports: ['websocket'] })
    const one = { seen: 0, connected: false, leave: () => client.disconnect() }
    clients.push(one)
    client.onState(({ state, nextRetryAt, attempts }) => {
      one.connected = state === 'connected'
      if (nextRetryAt !== null && attempts <= 1) delays.push(nextRetryAt - Date.now())
    })
    client.subscribe(sessions[number % sessions.length] ?? '', (told) => {
      if (told.type !== 'events') return
      for (const { seq } of told.events) {
        if (seq !== one.seen + 1) doubled += 1
        one.seen = seq
      }
    })
    await client.connect()
  }
  for (let done = 0; done < count; done += 50)
    await Promise.all(Array.from({ length: Math.min(50, count - done) }, (_, index) => open(done + index)))
}

const told = (): Told => {
  const answers: Record<string, number> = {}
  for (const { answer } of sockets) answers[answer] = (answers[answer] ?? 0) + 1
  const mine = delays
  delays = []
  return {
    answers,
    connected: sockets.filter(({ open }) => open).length + clients.filter(({ connected }) => connected).length,
    seen: clients.map(({ seen }) => seen),
    delays: mine,
    doubled,
  }
}

process.on('message', (order: Order) => {
  const obey = async (): Promise<void> => {
    if (order.do === 'sockets') await openSockets(order)
    if (order.do === 'clients') await openClients(order)
    if (order.do === 'leave') {
      for (const { socket } of sockets.splice(0)) socket.destroy()
      for (const client of clients.splice(0)) client.leave()
    }
    process.send?.(told())
  }
  void obey()
})
process.on('disconnect', () => process.exit())
