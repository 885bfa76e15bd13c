import type { Appended, AppendStream, CreateStream, Mortal, Stream, StreamName } from '../../core/streams.ts'
import type { StreamEngine } from '../stream-store.ts'
import type { queueRoom } from './room.ts'
import type { readerThread, writerThread } from './threads.ts'

interface Threads {
  readonly epoch: number
  readonly write: Awaited<ReturnType<typeof writerThread>>['write']
  readonly ask: ReturnType<typeof readerThread>['ask']
  readonly room: ReturnType<typeof queueRoom>
}

/** Raw streams in the journal's file: their writes share its group commits. */
export const sqliteStreams = ({ epoch, write, ask, room }: Threads): StreamEngine => {
  type Bodied = CreateStream | AppendStream
  const send = async (
    name: StreamName,
    { data, ...request }: Bodied,
    call: (
      args: readonly [scope: string, path: string, request: string, data: Uint8Array],
      bytes: number,
    ) => Promise<unknown>,
  ): Promise<unknown> => {
    await room.take(data.length)
    try {
      return JSON.parse(String(await call([name.scope, name.path, JSON.stringify(request), data], data.length)))
    } finally {
      room.give(data.length)
    }
  }
  return {
    epoch,
    create: async (name, request, now) =>
      (await send(name, request, (args, bytes) => write('streamCreate', [...args, now], { bytes }))) as {
        created: boolean
        stream: Stream
      },
    append: async (name, request, now, alive) =>
      (await send(name, request, (args, bytes) => write('streamAppend', [...args, now, alive ? 1 : 0], { bytes }))) as
        | Appended
        | Mortal,
    remove: async (id) => void (await write('streamRemove', [id])),
    touch: async (id, now) => void (await write('streamTouch', [id, now], { urgent: false })),
    find: async ({ scope, path }) => {
      const info = await ask('streamFind', scope, path)
      return info === null ? undefined : (JSON.parse(String(info)) as Stream)
    },
    read: async (id, from, max) => {
      const answer = (await ask('streamRead', id, from, max)) as
        | readonly [info: string, rows: readonly (readonly [number, number, number, Uint8Array])[]]
        | null
      if (answer === null) return undefined
      const rows = answer[1].map(([start, end, to, data]) => ({ start, end, to, data }))
      return { stream: JSON.parse(answer[0]) as Stream, rows }
    },
    expiring: async (now) =>
      ((await ask('streamsExpired', now)) as readonly string[]).map((info) => JSON.parse(info) as Stream),
  }
}
