import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Env } from '../core/ports.ts'
import type { Route } from './route.ts'

export interface AdminOptions {
  /** Copies the journal, while it is written to, into a file that is not there yet. @throws Failure */
  readonly backup: (path: string) => Promise<void>
  /** A folder that nobody else reads, with room for a copy. */
  readonly dir: string
  readonly env: Env
}

/**
 * `GET /v1/admin/backup` answers with a copy of the journal. It goes over the wire instead of to a path of the caller's
 * choice, so that an admin's key writes no files on this machine.
 */
export const adminRoutes = ({ backup, dir, env }: AdminOptions): readonly Route[] => [
  {
    method: 'GET',
    path: '/v1/admin/backup',
    access: 'admin',
    handle: async ({ req, res }) => {
      const file = join(dir, `backup-${env.id()}.db`)
      try {
        if (req.method !== 'HEAD') await backup(file)
        const { size } = req.method === 'HEAD' ? { size: 0 } : await stat(file)
        res.writeHead(200, {
          'content-type': 'application/vnd.sqlite3',
          'content-disposition': 'attachment; filename="holdfast-backup.db"',
          'cache-control': 'private, no-store',
          ...(size > 0 && { 'content-length': size }),
        })
        if (req.method === 'HEAD') res.end()
        else await pipeline(createReadStream(file), res)
      } finally {
        await rm(file, { force: true })
      }
    },
  },
]
