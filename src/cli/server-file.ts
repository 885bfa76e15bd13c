import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What a running server leaves in its data folder, so that the other commands find it. */
const ServerFile = z.object({ pid: z.number().int(), url: z.string(), version: z.string() })
export type ServerFile = z.infer<typeof ServerFile>

const pathOf = (dir: string): string => join(dir, 'server.json')

export const writeServerFile = (dir: string, server: ServerFile): void => {
  const draft = `${pathOf(dir)}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(server)}\n`, { mode: 0o600 })
  renameSync(draft, pathOf(dir))
}

/** Of a server that was killed, too: whoever calls finds out whether it answers. */
export const readServerFile = (dir: string): ServerFile | undefined => {
  try {
    return ServerFile.parse(JSON.parse(readFileSync(pathOf(dir), 'utf8')))
  } catch {
    return undefined
  }
}

/** Only our own: another one may have started since. */
export const removeServerFile = (dir: string): void => {
  if (readServerFile(dir)?.pid === process.pid) rmSync(pathOf(dir), { force: true })
}
