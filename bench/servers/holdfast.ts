import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `holdfast serve`, the real one, in a process of its own. */
export interface Holdfast {
  readonly url: string
  readonly key: string
  readonly pid: number
  /** The data folder. */
  readonly dir: string
  readonly call: (path: string, body?: object) => Promise<unknown>
  /** SIGKILL. Resolves when the process is gone; its folder stays. */
  readonly kill: () => Promise<void>
}

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Starts a program that says where it listens in one line of JSON, and waits for the line. */
export const launch = async (
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly url: string }> => {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let said = ''
  child.stdout?.setEncoding('utf8')
  while (!said.includes('\n')) {
    const [text] = (await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error(`${args[0]} ended before it listened`))),
    ])) as [string]
    said += text
  }
  return { child, url: (JSON.parse(said) as { readonly url: string }).url }
}

/** Kills a process and waits for its end. */
export const killed = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** The arguments that serve a folder: everything on, as many clients from one machine as a figure needs, no log lines. */
export const serve = (dir: string, ...flags: readonly string[]): readonly string[] => [
  cli,
  'serve',
  '--json',
  '--data',
  dir,
  '--log-level',
  'error',
  '--connections-per-key',
  '100000',
  ...flags,
]

export const startHoldfast = async (dir: string, ...flags: readonly string[]): Promise<Holdfast> => {
  const { child, url } = await launch(serve(dir, ...flags))
  const key = readFileSync(join(dir, 'key'), 'utf8').trim()
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return {
    url,
    key,
    pid: child.pid ?? 0,
    dir,
    call: async (path, body) => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const answer = await fetch(url + path, { ...init, headers })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return answer.json()
    },
    kill: () => killed(child),
  }
}

const folders: string[] = []
process.on('exit', () => folders.forEach((dir) => rmSync(dir, { recursive: true, force: true })))

/** A folder that goes when this process does. */
export const scratchFolder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  folders.push(dir)
  return dir
}

/** Makes sessions in which the demo agent counts, and goes on counting. */
export const startCounting = async (holdfast: Holdfast, sessions: readonly string[], prompt: string): Promise<void> => {
  for (const id of sessions) await holdfast.call('/v1/sessions', { id })
  await Promise.all(
    sessions.map((id) => holdfast.call(`/v1/sessions/${id}/commands`, { type: 'prompt', data: { text: prompt } })),
  )
}

export const socketUrl = (holdfast: Holdfast): string => `${holdfast.url.replace('http', 'ws')}/v1/socket`
