import http from 'node:http'
import { WebSocket } from 'ws'
import { machineNow } from '../clock.ts'
import type { Ready } from './worker.ts'

/** One prompt in each of so many streams at once: straight to a chat completions server, or through a session of ours. */
export interface Listen extends Pick<Ready, 'port' | 'headers'> {
  readonly wire: 'completions' | 'sessions'
  readonly streams: number
}
/** For each stream: ms until its first word was here. All words are there when this is told. */
export type Listened = readonly number[]

let rounds = 0
process.on('message', (listen: Listen) => {
  rounds++
  const one = listen.wire === 'completions' ? complete : converse
  void Promise.all(Array.from({ length: listen.streams }, (_, index) => one(listen, `s${rounds}-${index}`))).then(
    (waits) => process.send?.(waits satisfies Listened),
  )
})
process.on('disconnect', () => process.exit())

const agent = new http.Agent({ keepAlive: true })
const prompt = 'Say something.'

const complete = ({ port }: Listen): Promise<number> =>
  new Promise((resolve, reject) => {
    let first = Number.NaN
    const begun = machineNow()
    const request = http.request({
      agent,
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json' },
    })
    request.once('error', reject)
    request.once('response', (answer) => {
      answer.on('data', (data: Buffer) => {
        if (Number.isNaN(first) && data.includes('word')) first = machineNow() - begun
      })
      answer.once('end', () => resolve(first))
    })
    request.end(JSON.stringify({ model: 'fake', stream: true, messages: [{ role: 'user', content: prompt }] }))
  })

/** A session that exists and is looked at; the clock runs from the prompt. */
const converse = ({ port, headers }: Listen, session: string): Promise<number> =>
  new Promise((resolve, reject) => {
    let [begun, first] = [0, Number.NaN]
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, { headers, perMessageDeflate: false })
    const say = (frame: object): void => socket.send(JSON.stringify(frame))
    socket.once('error', reject)
    socket.once('open', () => {
      say({ t: 'hello', v: 1 })
      say({ t: 'cmd', id: 'make', session, type: 'create', data: {} })
    })
    socket.on('message', (data: Buffer) => {
      const frame = data.toString()
      if (frame.startsWith('{"t":"err"')) reject(new Error(frame))
      if (frame.startsWith('{"t":"ack","id":"make"')) say({ t: 'sub', id: '1', session })
      if (frame.startsWith('{"t":"live"')) setTimeout(ask, 300)
      if (frame.startsWith('{"t":"ev"') && Number.isNaN(first) && frame.includes('"type":"text"'))
        first = machineNow() - begun
      if (!frame.includes('"type":"turn.ended"')) return
      socket.close()
      resolve(first)
    })
    const ask = (): void => {
      begun = machineNow()
      say({ t: 'cmd', id: 'ask', session, type: 'prompt', data: { text: prompt } })
    }
  })
