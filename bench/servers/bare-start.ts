import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'

/** The floor of a start: a process that opens the same file, which takes back what a crash left in its log, and listens. */
const db = new DatabaseSync(process.argv[2] ?? '')
db.exec('pragma journal_mode = wal; pragma synchronous = full')
const { sessions } = db.prepare('select count(*) as sessions from session').get() ?? {}
const server = createServer((_req, res) => res.end(String(sessions)))
server.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })),
)
