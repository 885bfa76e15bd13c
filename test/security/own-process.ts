import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { EdgeLimits } from '../../src/http/limits.ts'
import { closing, folder } from '../tools/closing.ts'

export interface EdgeProcess {
  readonly port: number
  readonly url: string
  readonly host: string
  readonly key: string
  readonly pid: number
  /** Memory after a collection in bytes, and the event loop's longest delay since the last look in ms. */
  readonly look: () => Promise<{ readonly rss: number; readonly delay: number; readonly polluted: boolean }>
  readonly alive: () => boolean
}

/** An edge in a process of its own (edge-process.ts). */
export const startProcess = async (limits: Partial<EdgeLimits> = {}): Promise<EdgeProcess> => {
  const script = fileURLToPath(new URL('edge-process.ts', import.meta.url))
  const args = ['--expose-gc', script, await folder(), JSON.stringify(limits)]
  const child = closing(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }), (one) =>
    one.kill('SIGKILL'),
  )
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { port, key } = JSON.parse(line) as { port: number; key: string }
  child.stdout.resume()
  const host = `127.0.0.1:${port}`
  const look = async () => {
    const answer = await fetch(`http://${host}/v1/look`, { headers: { 'x-api-key': key } })
    return (await answer.json()) as Awaited<ReturnType<EdgeProcess['look']>>
  }
  return {
    port,
    url: `http://${host}`,
    host,
    key,
    pid: child.pid ?? 0,
    look,
    alive: () => child.exitCode === null && child.signalCode === null,
  }
}
