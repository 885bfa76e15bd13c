import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { Failure } from '../core/failures.ts'
import { rawValues } from './host.ts'
import type { SocketRoute } from './socket-route.ts'

const kib = 1024
const defaultPayload = 64 * kib
const largestPayload = 1024 * kib

const keyShape = /^[\d+/A-Za-z]{22}==$/

/** Whether a request asks for a WebSocket; any other upgrade is answered as if it had not been asked for (RFC 9110, 7.8). */
export const asksForSocket = (req: IncomingMessage): boolean => req.headers.upgrade?.toLowerCase() === 'websocket'

/** The handshake's own rules (RFC 6455, 4.2.1). @throws Failure `invalid_request` */
export const checkHandshake = (req: IncomingMessage): void => {
  const one = (name: string): string | undefined => {
    const values = rawValues(req.rawHeaders, name)
    return values.length === 1 ? values[0] : undefined
  }
  if (req.method !== 'GET' || !asksForSocket(req)) throw new Failure('invalid_request', 'A WebSocket starts with a GET')
  if (!keyShape.test(one('sec-websocket-key') ?? ''))
    throw new Failure('invalid_request', 'Sec-WebSocket-Key is not valid')
  if (one('sec-websocket-version') !== '13')
    throw new Failure('invalid_request', 'Only WebSocket version 13 is spoken here')
}

/** Turns checked upgrade requests into sockets, one configuration a path. */
export interface Upgrader {
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, opened: (socket: WebSocket) => void): void
  sockets(): ReadonlySet<WebSocket>
}

export const createUpgrader = ({ maxPayload = defaultPayload, protocols = ['holdfast.v1'] }: SocketRoute): Upgrader => {
  const options = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: Math.min(maxPayload, largestPayload),
    maxFragments: 1024,
    maxBufferedChunks: 16 * kib,
    // Not in the types yet.
    closeTimeout: 5000,
    // Never a ticket: what is selected is echoed.
    handleProtocols: (offered: ReadonlySet<string>) => protocols.find((one) => offered.has(one)) ?? false,
  } as const
  const server = new WebSocketServer(options)
  return {
    upgrade: (req, socket, head, opened) => server.handleUpgrade(req, socket, head, opened),
    sockets: () => server.clients,
  }
}
