import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { closing } from '../tools/closing.ts'
import { startProxy, type Proxy } from '../tools/proxy.ts'
import { until } from '../tools/until.ts'

const echo = async (): Promise<{
  proxy: Proxy
  dial: () => { socket: Socket; got: () => string; closed: () => boolean }
}> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing(server, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const proxy = closing(await startProxy({ port: (server.address() as AddressInfo).port }), (one) => one.close())
  const dial = () => {
    const socket = closing(connect({ port: proxy.port, host: '127.0.0.1' }), (one) => one.destroy())
    let [text, closed] = ['', false]
    socket.on('data', (data) => (text += data.toString()))
    socket.on('close', () => (closed = true))
    socket.on('error', () => {})
    return { socket, got: () => text, closed: () => closed }
  }
  return { proxy, dial }
}

test('proxy: passes bytes, in pieces of one byte too', async () => {
  const { proxy, dial } = await echo()
  proxy.chunk(1)
  const line = dial()
  line.socket.write('hello there')
  await until(() => line.got() === 'hello there')
  expect(proxy.bytes('up')).toBe(11)
  expect(proxy.open()).toBe(1)
})

test('proxy: cut resets both sides; down refuses the next; heal lets it in', async () => {
  const { proxy, dial } = await echo()
  const line = dial()
  line.socket.write('a')
  await until(() => line.got() === 'a')
  proxy.cut()
  await until(line.closed)
  proxy.down(true)
  const refused = dial()
  await until(refused.closed)
  proxy.heal()
  const again = dial()
  again.socket.write('b')
  await until(() => again.got() === 'b')
  expect(proxy.accepted()).toBe(3)
})

test('proxy: cutAfter passes exactly so many bytes', async () => {
  const { proxy, dial } = await echo()
  const line = dial()
  proxy.cutAfter('down', 3)
  line.socket.write('abcdef')
  await until(line.closed)
  expect('abc'.startsWith(line.got())).toBe(true)
  expect(proxy.bytes('down')).toBe(3)
})

test('proxy: a half-open connection is silent and tells nobody; a new one works', async () => {
  const { proxy, dial } = await echo()
  const line = dial()
  line.socket.write('a')
  await until(() => line.got() === 'a')
  proxy.halfOpen()
  line.socket.write('b')
  const other = dial()
  other.socket.write('c')
  await until(() => other.got() === 'c')
  expect(line.got()).toBe('a')
  expect(line.closed()).toBe(false)
})

test('proxy: stall holds and loses nothing; delay keeps the order; a rule refuses what it names', async () => {
  const { proxy, dial } = await echo()
  const line = dial()
  proxy.stall('down', true)
  line.socket.write('one ')
  await until(() => proxy.bytes('up') === 4)
  expect(line.got()).toBe('')
  proxy.stall('down', false)
  let turn = 0
  proxy.delay(() => (turn++ % 2 === 0 ? 10 : 0))
  for (const word of ['two ', 'three ', 'four']) line.socket.write(word)
  await until(() => line.got() === 'one two three four')
  proxy.heal()
  proxy.rule((request) => (request.startsWith('GET /no') ? 'refuse' : 'pass'))
  const blocked = dial()
  blocked.socket.write('GET /no HTTP/1.1\r\n\r\n')
  await until(blocked.closed)
})
