import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveCpu } from './cpu.ts'

/** The floor between a client and a model: node:http that passes everything on and keeps nothing. */
const port = Number(process.argv[2])
const agent = new http.Agent({ keepAlive: true })
const server = http.createServer((req, res) => {
  const { method, url = '/', headers } = req
  const onward = http.request({ agent, host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(res)
  })
  onward.on('error', () => res.destroy())
  req.pipe(onward)
})
server.listen(0, '127.0.0.1', () => serveCpu({ port: (server.address() as AddressInfo).port, headers: {} }))
