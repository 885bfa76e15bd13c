import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import type { Env } from '../../src/core/ports.ts'
import { createEdge, type Edge, type EdgeOptions } from '../../src/http/edge.ts'
import { openIdentity, type Identity, type IdentityOptions } from '../../src/http/identity.ts'
import type { EdgeLimits } from '../../src/http/limits.ts'
import { createLogger } from '../../src/http/log.ts'
import { accountRoutes } from '../../src/http/routes-account.ts'
import { healthRoutes } from '../../src/http/health.ts'

/** A clock that a test turns forward; timers are real unless a test waits for them by turning. */
export const turnableEnv = (): Env & { readonly turn: (ms: number) => void } => {
  let skew = 0
  const timers = new Set<{ readonly at: number; readonly call: () => void }>()
  const now = (): number => Date.now() + skew
  return {
    now,
    monotonic: () => performance.now() + skew,
    random: () => Math.random(),
    id: () => randomBytes(16).toString('hex'),
    after: (ms, call) => {
      const timer = { at: now() + ms, call }
      timers.add(timer)
      const real = setTimeout(() => timers.delete(timer) && call(), ms)
      return () => {
        timers.delete(timer)
        clearTimeout(real)
      }
    },
    turn: (ms) => {
      skew += ms
      for (const timer of timers) if (timer.at <= now() && timers.delete(timer)) timer.call()
    },
  }
}

export const temporaryFolder = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

export interface Running {
  readonly edge: Edge
  readonly port: number
  readonly url: string
  readonly host: string
  readonly key: string
  readonly identity: Identity
  readonly env: ReturnType<typeof turnableEnv>
  /** All log lines so far. */
  readonly lines: () => string
}

/** An edge on a free port, with the routes of its own and those given, an empty data folder, and its first key. */
export const startEdge = async (
  options: Partial<Omit<EdgeOptions, 'identity' | 'env' | 'log'>> & {
    readonly identity?: Partial<IdentityOptions>
  } = {},
): Promise<Running> => {
  const env = turnableEnv()
  const lines: string[] = []
  const log = createLogger({ level: 'debug', to: { write: (line: string) => void lines.push(line) } })
  const identity = openIdentity({ dir: await temporaryFolder(), env, ...options.identity })
  const sockets = options.sockets ?? []
  const own = [
    ...accountRoutes({ identity, ticketPath: sockets[0]?.path ?? '/v1/ws' }),
    ...healthRoutes({ ready: () => ({ ok: true }), version: '0', env }),
  ]
  const edge = createEdge({ ...options, routes: [...own, ...(options.routes ?? [])], identity, log, env })
  const { port } = await edge.listen('127.0.0.1', 0)
  onTestFinished(async () => {
    await edge.close(0)
    identity.close()
  })
  const key = identity.first?.key ?? ''
  const host = `127.0.0.1:${port}`
  return { edge, port, url: `http://${host}`, host, key, identity, env, lines: () => lines.join('') }
}

/** A raw TCP connection, for what a well-behaved client cannot send. */
export const openRaw = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Everything the server says until it closes, or until `enough`. */
export const readAll = (socket: Socket, enough: (text: string) => boolean = () => false): Promise<string> =>
  new Promise((resolve) => {
    let text = ''
    const done = (): void => resolve(text)
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (enough(text)) done()
    })
    socket.once('close', done)
    socket.once('end', done)
  })

/** Sends bytes as they are and gives the whole answer; asks for nothing to be kept open. */
export const sendRaw = async (port: number, text: string | Buffer): Promise<string> => {
  const socket = await openRaw(port)
  const answer = readAll(socket)
  socket.write(text)
  // A server that waits for more gets nothing more.
  const timer = setTimeout(() => socket.destroy(), 3000)
  const said = await answer
  clearTimeout(timer)
  return said
}

export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0)

export interface Tried {
  /** 101 when it was opened. */
  readonly status: number
  readonly socket: WebSocket
  readonly body: string
  /** The next text frame; frames that came before are kept. */
  readonly next: () => Promise<string>
}

const keepFrames = (socket: WebSocket): (() => Promise<string>) => {
  const frames: string[] = []
  const waiting: ((frame: string) => void)[] = []
  socket.on('message', (data: Buffer) => {
    const first = waiting.shift()
    if (first === undefined) frames.push(data.toString())
    else first(data.toString())
  })
  return () =>
    new Promise((resolve) => {
      const frame = frames.shift()
      if (frame === undefined) waiting.push(resolve)
      else resolve(frame)
    })
}

/** Tries to open a WebSocket. */
export const trySocket = (
  url: string,
  options: ClientOptions & { readonly offer?: readonly string[] } = {},
): Promise<Tried> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, [...(options.offer ?? [])], options)
    onTestFinished(() => socket.terminate())
    const next = keepFrames(socket)
    socket.on('open', () => resolve({ status: 101, socket, body: '', next }))
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, socket, body, next }))
    })
    socket.on('error', (error) => reject(error))
  })

export const closeCode = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) resolve(0)
    socket.once('close', (code) => resolve(code))
  })

export interface EdgeProcess {
  readonly port: number
  readonly url: string
  readonly host: string
  readonly key: string
  readonly pid: number
  /** Memory after a collection in bytes, and the event loop's longest delay since the last look in ms. */
  readonly look: () => Promise<{ readonly rss: number; readonly delay: number; readonly polluted: boolean }>
  readonly alive: () => boolean
}

/** An edge in a process of its own (edge-process.ts). */
export const startProcess = async (limits: Partial<EdgeLimits> = {}): Promise<EdgeProcess> => {
  const script = fileURLToPath(new URL('edge-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--expose-gc', script, await temporaryFolder(), JSON.stringify(limits)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { port, key } = JSON.parse(line) as { port: number; key: string }
  child.stdout.resume()
  const host = `127.0.0.1:${port}`
  const look = async () => {
    const answer = await fetch(`http://${host}/v1/look`, { headers: { 'x-api-key': key } })
    return (await answer.json()) as Awaited<ReturnType<EdgeProcess['look']>>
  }
  return {
    port,
    url: `http://${host}`,
    host,
    key,
    pid: child.pid ?? 0,
    look,
    alive: () => child.exitCode === null && child.signalCode === null,
  }
}

/** A WebSocket frame as raw as needed. */
export const frame = (
  opcode: number,
  payload: string | Buffer,
  {
    fin = true,
    rsv = 0,
    masked = true,
    length,
  }: { fin?: boolean; rsv?: number; masked?: boolean; length?: number } = {},
): Buffer => {
  const body = Buffer.from(payload)
  const size = length ?? body.length
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  const mask = masked ? 0x80 : 0
  const head =
    size < 126
      ? Buffer.from([first, mask | size])
      : size < 65_536
        ? Buffer.from([first, mask | 126, size >> 8, size & 0xff])
        : Buffer.concat([Buffer.from([first, mask | 127]), bigEndian(size)])
  if (!masked) return Buffer.concat([head, body])
  const key = Buffer.from([0x11, 0x22, 0x33, 0x44])
  return Buffer.concat([head, key, body.map((byte, index) => byte ^ (key[index % 4] ?? 0))])
}
const bigEndian = (size: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(size))
  return bytes
}

/** A WebSocket opened by hand: what is written after it goes out as it is. */
export const openRawSocket = async (
  { port, host, key }: { port: number; host: string; key: string | undefined },
  path = '/v1/ws',
): Promise<Socket> => {
  const socket = await openRaw(port)
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${key === undefined ? '' : `X-Api-Key: ${key}\r\n`}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  const [answer] = (await once(socket, 'data')) as [Buffer]
  if (!answer.toString().startsWith('HTTP/1.1 101')) throw new Error(`not opened: ${answer.toString()}`)
  return socket
}

/** The close code that comes on a raw socket before it ends; 0 when none does. */
export const rawCloseCode = async (socket: Socket): Promise<number> => {
  const text = await readAll(socket, (said) => said.charCodeAt(0) === 0x88)
  const bytes = Buffer.from(text, 'latin1')
  const at = bytes.indexOf(0x88)
  return at < 0 || bytes.length < at + 4 ? 0 : bytes.readUInt16BE(at + 2)
}
