import { type AddressInfo, createServer } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { serveCpu } from './cpu.ts'

/** The floor of a replay: the same rows of the same file, read, joined and written to a bare socket. */
const db = new DatabaseSync(process.argv[2] ?? '', { readOnly: true })
const rows = db.prepare(
  `select b.json from session s join place p on p.session = s.id join batch b on b.id = p.row
   where s.name = ? order by p.first`,
)
rows.setReturnArrays(true)
const server = createServer((socket) => {
  socket.once('data', (name) => socket.end(rows.all(String(name)).join()))
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => serveCpu((server.address() as AddressInfo).port))
