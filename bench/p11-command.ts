import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { WebSocket } from 'ws'
import { type Figure, inTurn, median } from './figure.ts'
import { withFolder } from './scratch.ts'
import { answer, start } from './servers/run.ts'
import type { Ready } from './servers/worker.ts'

const times = 400

type Frame = { readonly t: string; readonly id?: string; readonly e?: readonly { readonly type: string }[] }

/** One client of ours that says a thing and waits for what it is told. */
const speaker = async ({ port, headers }: Pick<Ready, 'port' | 'headers'>) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, { headers, perMessageDeflate: false })
  let waiting: { readonly fits: (frame: Frame) => boolean; readonly done: () => void }[] = []
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame
    if (frame.t === 'err') throw new Error(data.toString())
    for (const one of waiting) if (one.fits(frame)) one.done()
    waiting = waiting.filter((one) => !one.fits(frame))
  })
  const told = (fits: (frame: Frame) => boolean): Promise<void> => new Promise((done) => waiting.push({ fits, done }))
  const say = (frame: object): void => socket.send(JSON.stringify(frame))
  await once(socket, 'open')
  const welcome = told(({ t }) => t === 'welcome')
  say({ t: 'hello', v: 1, window: 0, coalesce_ms: 0 })
  await welcome
  return { say, told, close: () => socket.close() }
}
type Speaker = Awaited<ReturnType<typeof speaker>>

let made = 0
/** ms from a command to its ack. */
const acked = async ({ say, told }: Speaker, session: string, type: string, data: object): Promise<number> => {
  const id = `command-${++made}`
  const begun = performance.now()
  const ack = told((frame) => frame.t === 'ack' && frame.id === id)
  say({ t: 'cmd', id, session, type, data })
  await ack
  return performance.now() - begun
}

const creation = (on: Speaker): Promise<number> => acked(on, `made-${made}`, 'create', { title: 'A session' })

/** A prompt to a session; resolves when the turn has ended too, so that nothing runs beside what is measured next. */
const prompt = async (on: Speaker): Promise<number> => {
  const ended = on.told(({ e }) => e?.some(({ type }) => type === 'turn.ended') === true)
  const wait = await acked(on, asked, 'prompt', { text: 'What is this about, and why?' })
  await ended
  return wait
}
const asked = 'asked'

/** One FULL commit in a thread, there and back. */
const commit = async (worker: Worker): Promise<number> => {
  const begun = performance.now()
  worker.postMessage('x'.repeat(300))
  await once(worker, 'message')
  return performance.now() - begun
}

/** P11: what a person waits for a new session, and until a prompt is kept: over a socket, one after the other. */
export const run = (): Promise<readonly Figure[]> =>
  withFolder(async (dir) => {
    const child = start('commanded.ts')
    const on = await speaker(await answer<Ready>(child))
    const worker = new Worker(join(import.meta.dirname, 'servers', 'commit-worker.ts'), {
      workerData: join(dir, 'floor.db'),
    })
    try {
      await acked(on, asked, 'create', {})
      const live = on.told(({ t }) => t === 'live')
      on.say({ t: 'sub', id: '1', session: asked })
      await live
      // One of each in turn, because the disk has its moods.
      const found = await inTurn(times, {
        commit: () => commit(worker),
        creation: () => creation(on),
        prompt: () => prompt(on),
      })
      const common = {
        id: 'P11',
        unit: 'ms',
        floor: median(found.commit),
        floorName: 'a FULL commit in a thread',
        most: 2,
        goal: '≤ 2 × floor',
      }
      return [
        { ...common, name: 'session created, over a socket, p50', ours: median(found.creation) },
        { ...common, name: 'prompt accepted, over a socket, p50', ours: median(found.prompt) },
      ]
    } finally {
      on.close()
      child.disconnect()
      await worker.terminate()
    }
  })
