import { once } from 'node:events'
import type { Socket } from 'node:net'
import { openRaw, readAll } from '../tools/raw.ts'

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
