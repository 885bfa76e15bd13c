import http from 'node:http'
import https from 'node:https'
import { Failure } from '../../core/failures.ts'
import type { Env } from '../../core/ports.ts'
import { failureOfSocket } from './upstream-failure.ts'

export interface Asked {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** JSON; a GET without it. */
  readonly body?: string
  /** Destroys the request and the answer. */
  readonly signal: AbortSignal
  readonly env: Env
  /** ms until the connection must stand. */
  readonly connectMs: number
}

/** Sockets are kept between requests; idle ones do not hold the process. */
const agents = { 'http:': new http.Agent({ keepAlive: true }), 'https:': new https.Agent({ keepAlive: true }) } as const

/**
 * One HTTP request, on `node:http` because fetch costs several times the CPU a delta. Redirects are not followed: the
 * answer is given as it is, so the key goes nowhere else [S40].
 * @throws Failure `upstream_unreachable`, `upstream_reset`, `upstream_garbage`
 */
export const exchange = (asked: Asked): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { url, headers, body, signal, env, connectMs } = asked
    const send = url.protocol === 'https:' ? https.request : http.request
    const agent = agents[url.protocol === 'https:' ? 'https:' : 'http:']
    const request = send(url, {
      agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...headers,
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
    })
    let answered = false
    const late = env.after(connectMs, () =>
      request.destroy(
        new Failure('upstream_unreachable', `The model server did not take the connection in ${connectMs} ms`),
      ),
    )
    const abort = (): void => void request.destroy(new Failure('upstream_reset', 'The request was cancelled'))
    const over = (): void => {
      late()
      signal.removeEventListener('abort', abort)
    }
    request.on('socket', (socket) => {
      if (socket.connecting) socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', late)
      else late()
    })
    request.on('error', (error) => {
      // A kept socket may have been closed by the server just as it was used again: that says nothing about the server.
      if (request.reusedSocket && isReset(error) && !answered && !signal.aborted) resolve(exchange(asked))
      else reject(error instanceof Failure ? error : failureOfSocket(error))
    })
    request.on('close', over)
    request.on('response', (response) => {
      answered = true
      resolve(response)
    })
    if (signal.aborted) abort()
    else {
      signal.addEventListener('abort', abort)
      request.end(body)
    }
  })

const isReset = (error: Error): boolean => 'code' in error && error.code === 'ECONNRESET'

/**
 * The whole body as text, at most `max` bytes of it; what was there when it broke off or `ms` went by is given.
 * The connection is given up when the body is longer.
 */
export const readText = async (response: http.IncomingMessage, env: Env, max: number, ms: number): Promise<string> => {
  const late = env.after(ms, () => response.destroy())
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer)
      size += (chunk as Buffer).length
      if (size > max) break
    }
  } catch {
    // A body that breaks off is as good as its beginning: it is only read for its error message.
  } finally {
    late()
  }
  return Buffer.concat(chunks).subarray(0, max).toString('utf8')
}
