import { checkCursor, formatCursor, parseCursor } from '../core/cursor.ts'
import type { Batch, Journal } from '../core/ports.ts'
import { standingHeaders } from '../dialects/durable-streams/headers.ts'
import { toPieces } from '../dialects/durable-streams/pieces.ts'
import { visible } from '../gateway/access.ts'
import type { Call, Route } from './route.ts'
import { serveRead } from './streams/read.ts'
import { pieceSize, type LiveOptions, type Source } from './streams/source.ts'

export interface SessionEventOptions extends LiveOptions {
  readonly journal: Pick<Journal, 'head' | 'read' | 'watch'> & { readonly epoch: number }
}

const contentType = 'application/json'
const path = '/v1/sessions/:id/events'

/**
 * The rows of the route table that serve a session's events as a read-only Durable Stream in JSON mode (PROTOCOL.md,
 * H1 to H8): offsets are cursors, each message is an event.
 */
export const sessionEventRoutes = (options: SessionEventOptions): readonly Route[] => {
  const { journal } = options
  const open = async ({ params, principal }: Call): Promise<Source> => {
    const session = params['id'] ?? ''
    const { head } = await visible({ journal }, session, principal)
    return sessionSource(journal, session, head)
  }
  return [
    {
      method: 'GET',
      path,
      cors: true,
      access: 'read',
      handle: (call) => serveRead(call, () => open(call), options),
    },
    {
      method: 'HEAD',
      path,
      cors: true,
      access: 'read',
      handle: async (call) => {
        const source = await open(call)
        const { position } = await source.tail()
        const headers = { 'content-type': contentType, 'cache-control': source.cacheControl }
        call.res.writeHead(200, { ...standingHeaders({ next: source.offset(position) }), ...headers }).end()
      },
    },
  ]
}

/** @param head the last seq when the read began: a cursor ahead of it is of another history */
const sessionSource = (journal: SessionEventOptions['journal'], session: string, head: number): Source => ({
  kind: 'json',
  contentType,
  cacheControl: 'private, no-store',
  etag: () => undefined,
  offset: (seq) => formatCursor({ epoch: journal.epoch, seq }),
  locate: (offset) => checkCursor(parseCursor(offset), { epoch: journal.epoch, head }),
  tail: async () => ({ position: (await journal.head(session)).head, closed: false }),
  read: async (from, max) => {
    const chunk = await journal.read(session, from, max)
    const rows = joined(chunk.batches).map((batches) => {
      const end = batches.at(-1)?.last ?? from
      const data = Buffer.from(batches.map(({ json }) => json).join())
      return { start: (batches[0]?.first ?? 1) - 1, end, to: end, data }
    })
    return { pieces: toPieces('json', rows, from, pieceSize), tail: { position: chunk.head, closed: false } }
  },
  watch: (wake) => journal.watch(session, wake),
})

/** Characters of commits that are encoded together: a third of a piece, so that they fit one in any script. */
const groupSize = pieceSize / 3

/** Commits in groups, because each on its own would cost a buffer. */
const joined = (batches: readonly Batch[]): readonly (readonly Batch[])[] => {
  const groups: Batch[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const batch of batches) {
    if (size + batch.json.length > groupSize) {
      groups.push([])
      size = 0
    }
    groups.at(-1)?.push(batch)
    size += batch.json.length + 1
  }
  return groups
}
