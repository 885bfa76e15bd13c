import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { closing } from './closing.ts'

/** A raw TCP connection, for what a well-behaved client cannot send. */
export const openRaw = async (port: number): Promise<Socket> => {
  const socket = closing(connect(port, '127.0.0.1'), (one) => one.destroy())
  socket.on('error', () => {})
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
