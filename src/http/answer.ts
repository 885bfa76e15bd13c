import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { failures, type Failure } from '../core/failures.ts'
import { hasBody } from './body.ts'
import { errorAnswer } from './envelope.ts'
import { securityHeaders } from './headers.ts'

/** How long what a refused client still sends is thrown away, so that it gets to read why. ms */
const linger = 500

/** Answers with the error envelope. Where an answer has begun it can only be broken off. */
export const answerFailure = (req: IncomingMessage, res: ServerResponse, failure: Failure, requestId: string): void => {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const { status, body, headers: own } = errorAnswer(failure, requestId)
  const unread = hasBody(req) && !req.complete
  res.writeHead(status, {
    ...own,
    'content-length': Buffer.byteLength(body),
    ...(unread && { connection: 'close' }),
  })
  if (!unread) {
    res.end(body)
    return
  }
  // Closing with unread bytes in the socket's buffer resets the connection, and the answer with it.
  if (req.method !== 'HEAD') res.write(body)
  const end = (): void => {
    clearTimeout(timer)
    res.end()
  }
  const timer = setTimeout(end, linger)
  req.once('end', end).once('close', end).resume()
}

/** Ends the connection of a request that was answered without its body being read, unless the rest of it comes soon. */
export const closeUnread = (req: IncomingMessage): void => {
  if (!hasBody(req) || req.complete) return
  const timer = setTimeout(() => req.destroy(), linger)
  req.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
}

/** Answers on a bare socket: before HTTP is understood, or instead of an upgrade. */
export const refuseSocket = (socket: Duplex, failure: Failure, requestId: string, https: boolean): void => {
  const { status, body, headers } = errorAnswer(failure, requestId)
  const all = {
    ...securityHeaders(requestId, https),
    ...headers,
    'content-length': Buffer.byteLength(body),
    ...(failures[failure.code].http === 426 && { upgrade: 'websocket' }),
    connection: 'close',
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
  setTimeout(() => socket.destroy(), linger).unref()
}
