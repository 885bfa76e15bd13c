import { spawn, spawnSync } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { eventsIn } from './said.ts'
import { need } from '../tools/needs.ts'
import type { Journal } from '../../src/core/ports.ts'
import type { FaultWriter } from './fault-writer.ts'

/** What a fault needs of the machine. */
type Need = 'mount' | 'mkfs.ext4' | 'strace'

const lack = (needs: readonly Need[]): string | undefined => {
  if (process.platform !== 'linux') return 'this fault is made with Linux tools'
  if (needs.includes('mount') && process.getuid?.() !== 0) return 'mounting needs root'
  const absent = needs.find((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
  return absent && `${absent} is not installed`
}

/** A test that needs tools: without them it is skipped with the reason, in CI it fails. */
export const needing =
  (needs: readonly Need[], run: () => Promise<void>) =>
  async (context: TestContext): Promise<void> => {
    const missing = lack(needs)
    need(context, missing === undefined ? {} : { missing })
    await run()
  }

export const sh = (command: string, ...args: readonly string[]): void => {
  const { status, stderr } = spawnSync(command, args)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}

/** A folder that is gone afterwards, with everything mounted in it. */
export const withFolder = async (
  run: (folder: string, mount: (name: string, ...args: readonly string[]) => Mounted) => Promise<void>,
) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-fault-'))
  const mounts: Mounted[] = []
  const mount = (name: string, ...args: readonly string[]): Mounted => {
    const path = join(folder, name)
    mkdirSync(path, { recursive: true })
    sh('mount', ...args, path)
    const mounted = { path, end: () => void spawnSync('umount', [path]) }
    mounts.push(mounted)
    return mounted
  }
  try {
    await run(folder, mount)
  } finally {
    for (const { end } of mounts.reverse()) end()
    rmSync(folder, { recursive: true, force: true })
  }
}
export interface Mounted {
  readonly path: string
  end(): void
}

/** The writer as a process, possibly under strace. It writes what it says to a file, so that nothing said is on its way. */
export const startWriter = (options: FaultWriter, strace: readonly string[] = []) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-said-'))
  const said = openSync(join(folder, 'said'), 'w+')
  const errors = openSync(join(folder, 'errors'), 'w+')
  const program = [process.execPath, join(import.meta.dirname, 'fault-writer.ts'), JSON.stringify(options)]
  const [command = '', ...args] =
    strace.length > 0 ? ['strace', '-f', '-qq', '-o', '/dev/null', ...strace, ...program] : program
  const child = spawn(command, args, { stdio: ['ignore', said, errors] })
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))

  const lines = (): string[][] => {
    const buffer = Buffer.alloc(fstatSync(said).size)
    readSync(said, buffer, 0, buffer.length, 0)
    return String(buffer)
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' '))
  }
  return {
    exited,
    count: () => lines().length,
    /** session → seq → text */
    acknowledged: () => {
      const sessions = new Map<string, Map<number, string>>()
      for (const [kind, session = '', seq, text = ''] of lines()) {
        if (kind !== 'A') continue
        sessions.set(session, (sessions.get(session) ?? new Map<number, string>()).set(Number(seq), text))
      }
      return sessions
    },
    /** The codes of refusals, in order. */
    refused: () => lines().flatMap(([kind, code = '']) => (kind === 'E' ? [code] : [])),
    fatal: () => lines().some(([kind]) => kind === 'F'),
    stats: () => {
      const [, attempts, acknowledged, lag] = lines().findLast(([kind]) => kind === 'S') ?? []
      return { attempts: Number(attempts), acknowledged: Number(acknowledged), lag: Number(lag) }
    },
    errors: () => readFileSync(join(folder, 'errors'), 'utf8'),
    signal: (signal: NodeJS.Signals) => child.kill(signal),
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
      closeSync(said)
      closeSync(errors)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
export type Writer = ReturnType<typeof startWriter>

/** I1 for a journal and what was acknowledged: how many events are lost or changed, and whether any log has a hole. */
export const compare = async (journal: Journal, acknowledged: ReturnType<Writer['acknowledged']>) => {
  let lost = 0
  let changed = 0
  let holes = 0
  let extra = 0
  for (const [session, events] of acknowledged) {
    const found = await journal.read(session, 0, Number.MAX_SAFE_INTEGER).then(
      (chunk) => eventsIn(chunk),
      () => [],
    )
    if (found.some(({ seq }, index) => seq !== index + 1)) holes++
    for (const [seq, text] of events) {
      const event = found[seq - 1]
      if (event === undefined) lost++
      else if (event.type === 'log' && event.text !== text) changed++
    }
    extra += Math.max(0, found.length - Math.max(...events.keys()))
  }
  return { lost, changed, holes, extra }
}
