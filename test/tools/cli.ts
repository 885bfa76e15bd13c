import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.ts'

const root = join(import.meta.dirname, '..', '..')
export const cliFile = join(root, 'src', 'cli.ts')

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Given to standard input, which then ends. */
  readonly input?: string
  readonly cwd?: string
}

export interface Served {
  readonly url: string
  readonly open: string
  readonly key: string
  readonly process: ChildProcess
  /** What it has logged so far. */
  readonly log: () => string
  /** Waits until the process is gone. */
  readonly ended: Promise<number | null>
}

/** A data folder of one's own, and the real program on it. */
export interface Cli {
  readonly dir: string
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Ran>
  /** Runs and expects exit code 0; resolves with the output. */
  readonly out: (args: readonly string[], options?: RunOptions) => Promise<string>
  readonly serve: (args?: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Served>
  /** Kills what still runs and removes the folder. */
  readonly close: () => Promise<void>
}

/** Nothing of the machine that the tests run on reaches the program, but what it needs to run. */
const cleanEnv = (dir: string, more: RunOptions['env'] = {}): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: dir,
  HOLDFAST_DATA: join(dir, 'data'),
  NO_COLOR: '1',
  ...more,
})

export const openCli = (): Cli => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-cli-'))
  const running = new Set<ChildProcess>()
  const launch = (args: readonly string[], { env, cwd }: RunOptions) => {
    const child = spawn(process.execPath, [cliFile, ...args], { cwd: cwd ?? dir, env: cleanEnv(dir, env) })
    const text = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (data: string) => (text.out += data))
    child.stderr.setEncoding('utf8').on('data', (data: string) => (text.err += data))
    running.add(child)
    const ended = new Promise<number | null>((resolve) =>
      child.once('close', (code) => {
        running.delete(child)
        resolve(code)
      }),
    )
    return { child, text, ended }
  }
  const run: Cli['run'] = async (args, options = {}) => {
    const { child, text, ended } = launch(args, options)
    child.stdin.on('error', () => {}).end(options.input ?? '')
    const code = await ended
    return { code, ...text }
  }
  return {
    dir,
    run,
    out: async (args, options) => {
      const { code, out, err } = await run(args, options)
      if (code !== 0) throw new Error(`holdfast ${args.join(' ')} ended with ${code}: ${err}`)
      return out
    },
    serve: async (args = [], env = {}) => {
      const { child, text, ended } = launch(['serve', '--json', '--port', '0', '--demo-pace-ms', '1', ...args], { env })
      await until(() => text.out.includes('\n') || child.exitCode !== null, 'the greeting', 20_000)
      if (!text.out.includes('\n')) throw new Error(`serve ended: ${text.err}`)
      const { url, open, key = '' } = JSON.parse(text.out) as { url: string; open: string; key?: string }
      return { url, open, key, process: child, log: () => text.err, ended }
    },
    close: async () => {
      await Promise.all(
        [...running].map((child) => {
          const gone = new Promise((resolve) => child.once('close', resolve))
          child.kill('SIGKILL')
          return gone
        }),
      )
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
