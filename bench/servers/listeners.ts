import http from 'node:http'
import { WebSocket } from 'ws'
import { machineNow } from '../clock.ts'
import { sleep } from '../figure.ts'
import type { Ready } from './worker.ts'

/** One prompt in each of so many streams, soon one after the other: straight to a chat completions server, or through a session of ours. */
export interface Listen extends Pick<Ready, 'port' | 'headers'> {
  readonly wire: 'completions' | 'sessions'
  readonly streams: number
}
/** For each stream: ms until its first word was here. All words are there when this is told. */
export type Listened = readonly number[]

/** ms between the beginnings of two streams, so that each begins while others flow. */
const apart = 40

let rounds = 0
process.on('message', (listen: Listen) => {
  rounds++
  const prepare = listen.wire === 'completions' ? complete : converse
  const each = Array.from({ length: listen.streams }, (_, index) => prepare(listen, `s${rounds}-${index}`))
  void Promise.all(each)
    .then((begins) => Promise.all(begins.map((begin, index) => sleep(index * apart).then(begin))))
    .then((waits) => process.send?.(waits satisfies Listened))
})
process.on('disconnect', () => process.exit())

/** Ready to begin; then ms to the first word, when everything has come. */
type Begin = () => Promise<number>

const agent = new http.Agent({ keepAlive: true })
const prompt = 'Say something.'

const complete = async ({ port }: Listen): Promise<Begin> => {
  const body = JSON.stringify({ model: 'fake', stream: true, messages: [{ role: 'user', content: prompt }] })
  return () =>
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
      request.end(body)
    })
}

/** A session that exists and is looked at; the clock runs from the prompt. */
const converse = async ({ port, headers }: Listen, session: string): Promise<Begin> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, { headers, perMessageDeflate: false })
  const say = (frame: object): void => socket.send(JSON.stringify(frame))
  const live = Promise.withResolvers<void>()
  const over = Promise.withResolvers<number>()
  let [begun, first] = [0, Number.NaN]
  socket.once('error', live.reject)
  socket.once('open', () => {
    say({ t: 'hello', v: 1 })
    say({ t: 'cmd', id: 'make', session, type: 'create', data: {} })
  })
  socket.on('message', (data: Buffer) => {
    const frame = data.toString()
    if (frame.startsWith('{"t":"err"')) live.reject(new Error(frame))
    if (frame.startsWith('{"t":"ack","id":"make"')) say({ t: 'sub', id: '1', session })
    if (frame.startsWith('{"t":"live"')) live.resolve()
    if (frame.startsWith('{"t":"ev"') && Number.isNaN(first) && frame.includes('"type":"text"'))
      first = machineNow() - begun
    if (!frame.includes('"type":"turn.ended"')) return
    socket.close()
    over.resolve(first)
  })
  await live.promise
  return () => {
    begun = machineNow()
    say({ t: 'cmd', id: 'ask', session, type: 'prompt', data: { text: prompt } })
    return over.promise
  }
}
