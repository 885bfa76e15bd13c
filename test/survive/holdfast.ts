import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '../../src/client/client.ts'
import { fileStore } from '../../src/client/node.ts'
import { type SessionState, textOf } from '../../src/core/session.ts'
import { newSession, readLog } from '../tools/http.ts'
import { texts } from '../faults/texts.ts'
import { fastEnv } from '../tools/env.ts'
import { machine, type MachineOptions } from '../tools/process.ts'
import type { Driver, Stored } from './driver.ts'

/** Clients' clocks run so much faster, so that a dead connection is found within seconds. */
const speed = 10

/** What a client of another kind needs to know. */
export interface Holdfast extends Driver {
  readonly key: () => string
  readonly session: () => string
}

/** The gateway of this repository as its users have it: the command line's server, the SDK's client. */
export const holdfast = async (options: MachineOptions = {}): Promise<Holdfast> => {
  const server = await machine({ flags: ['--connections-per-key', '1000', '--frame-rate', '1000'], ...options })
  const boxes = await mkdtemp(join(tmpdir(), 'holdfast-outboxes-'))
  let session = ''
  return {
    name: 'holdfast',
    port: server.port,
    key: server.key,
    session: () => session,
    start: async () => {
      await server.start()
      session ||= await newSession(server)
    },
    kill: async () => void (await server.kill()),
    connect: ({ url, name, shown }) => {
      const storage = fileStore(join(boxes, name))
      const client = createClient({ url, key: server.key(), name, storage, env: fastEnv(speed) })
      const stop = client.session(session).state.subscribe((state) => show(state, shown))
      client.connect().catch(() => undefined)
      return {
        send: async (text) => void (await client.session(session).send(text)),
        waiting: () => client.outbox.get().length,
        close: () => {
          stop()
          client.disconnect()
        },
      }
    },
    stored: async () => {
      // By a process that has nothing in memory.
      await server.kill()
      await server.start()
      const log = await readLog(server, session)
      const ended = texts(log)
      return log.flatMap((event): readonly Stored[] => {
        if (event.type !== 'prompt') return []
        const { turn, text: prompt } = event
        const runs = log.filter((one) => one.type === 'turn.started' && one.turn === turn).length
        const end = ended.find((one) => one.turn === turn)
        return [{ prompt, text: end?.text ?? '', runs, ended: end !== undefined }]
      })
    },
    close: async () => {
      await server.remove()
      await rm(boxes, { recursive: true, force: true })
    },
  }
}

/** What a page shows: under each prompt the messages of its turn. */
const show = ({ items }: SessionState, shown: (prompt: string, text: string) => void): void => {
  const answers = new Map<string, string[]>()
  for (const item of items)
    if (item.kind === 'message' && item.role === 'assistant')
      answers.set(item.turn, [...(answers.get(item.turn) ?? []), textOf(item.parts)])
  for (const item of items)
    if (item.kind === 'message' && item.role === 'user')
      shown(textOf(item.parts), (answers.get(item.turn) ?? []).join('\n\n'))
}
