import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Holding } from './probe.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface MachineOptions {
  /** The program; default: the command line interface, `serve`. It gets `--data` and `--port`. */
  readonly main?: readonly string[]
  /** Further flags of the program. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What comes before `node`: limits, tracers. Must replace itself by what follows. */
  readonly before?: readonly string[]
  /** Called with each process right after it was started. */
  readonly born?: (pid: number) => void
}

/** A server on one port and one data folder, whose process can be killed and started again. */
export interface Machine {
  readonly data: string
  readonly port: number
  readonly url: string
  /** The first key, once it was started. */
  readonly key: () => string
  /** 0 while nothing runs. */
  readonly pid: () => number
  /** Starts the process; resolves with the ms until `/readyz` said yes. @throws when it ends before, with what it said */
  readonly start: () => Promise<number>
  readonly signal: (signal: NodeJS.Signals) => void
  /** Sends a signal, default SIGKILL, and waits for the end. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<Exit>
  /** Resolves when the process that runs now has ended. */
  readonly ended: () => Promise<Exit>
  readonly holding: () => Promise<Holding>
  /** What the process that runs now, or ran last, wrote to standard error. */
  readonly errors: () => string
  /** Kills what runs and deletes the folder. */
  readonly remove: () => Promise<void>
}

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
export const cli: readonly string[] = [fileOf('../../src/cli.ts'), 'serve']
const probe = fileOf('probe.ts')

/** ms within which a server must be ready. */
const patience = 20_000
const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** A free port that no outgoing connection takes while the server is down (Linux gives those 32768 and up). */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise((resolve) => server.close(resolve))
    if (free) return port
  }
}

/** A machine that nothing runs on yet. */
export const machine = async (options: MachineOptions = {}): Promise<Machine> => {
  const { main = cli, flags = [], env = {}, before = [], born } = options
  const data = await mkdtemp(join(tmpdir(), 'holdfast-machine-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  let end: Promise<Exit> = Promise.resolve({ code: null, signal: null })
  let errors = ''
  let answer: ((holding: Holding) => void) | undefined

  const run = (): ChildProcess => {
    const command = [
      ...before,
      process.execPath,
      '--expose-gc',
      '--import',
      probe,
      ...main,
      '--data',
      data,
      '--port',
      String(port),
      ...flags,
    ]
    const [file = '', ...args] = command
    const mine = spawn(file, args, {
      env: { ...plainEnv(), HOLDFAST_LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    errors = ''
    mine.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-20_000)))
    mine.on('message', (holding) => answer?.(holding as Holding))
    running.add(mine)
    if (mine.pid !== undefined) born?.(mine.pid)
    end = once(mine, 'exit').then(([code, signal]) => {
      running.delete(mine)
      if (child === mine) child = undefined
      return { code, signal }
    })
    end.catch(() => undefined)
    return mine
  }

  const start = async (): Promise<number> => {
    if (child !== undefined) throw new Error('the server runs already')
    const begun = performance.now()
    const mine = run()
    child = mine
    while (!(await ready(url))) {
      if (child !== mine) throw new Error(`the server ended before it was ready: ${errors}`)
      if (performance.now() - begun > patience) throw new Error(`the server was not ready in time: ${errors}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return performance.now() - begun
  }
  const signal = (name: NodeJS.Signals): void => void child?.kill(name)
  const kill = async (name: NodeJS.Signals = 'SIGKILL'): Promise<Exit> => {
    signal(name)
    return end
  }
  return {
    data,
    port,
    url,
    key: () => readFileSync(join(data, 'key'), 'utf8').trim(),
    pid: () => child?.pid ?? 0,
    start,
    signal,
    kill,
    ended: () => end,
    holding: () =>
      new Promise((resolve, reject) => {
        answer = resolve
        if (child?.send('?') !== true) reject(new Error('no process to ask'))
      }),
    errors: () => errors,
    remove: async () => {
      // One that is stopped (SIGSTOP) is killed all the same.
      if (child !== undefined) await kill()
      await rm(data, { recursive: true, force: true })
    },
  }
}

/** A server under test must not find settings of whoever runs the test. */
const plainEnv = (): Record<string, string> => ({ PATH: process.env['PATH'] ?? '', HOME: tmpdir() })

const ready = async (url: string): Promise<boolean> => {
  try {
    const answer = await fetch(`${url}/readyz`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2000) })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}
