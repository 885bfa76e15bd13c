import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { delta } from '../scratch.ts'
import { serveCpu } from './cpu.ts'
import { scratchFolder } from './holdfast.ts'

interface Peer {
  readonly DurableStreamTestServer: new (options: object) => { start(): Promise<string> }
}

/** A peer: the reference server of Durable Streams with its files, and as many events of the same size in one stream. */
const events = 10_000
const path = createRequire(join(import.meta.dirname, '../peers/package.json')).resolve('@durable-streams/server')
const { DurableStreamTestServer } = (await import(pathToFileURL(path).href)) as Peer
const url = await new DurableStreamTestServer({ port: 0, dataDir: scratchFolder() }).start()
const headers = { 'content-type': 'application/json' }
const send = async (method: string, body?: string): Promise<void> => {
  const answer = await fetch(`${url}/all`, { method, headers, ...(body !== undefined && { body }) })
  if (!answer.ok) throw new Error(`${method}: ${answer.status}`)
}
await send('PUT')
for (let sent = 0; sent < events; sent += 100)
  await send(
    'POST',
    JSON.stringify(Array.from({ length: 100 }, (_, index) => ({ seq: sent + index, ...delta((sent + index) * 7) }))),
  )
serveCpu(Number(new URL(url).port))
