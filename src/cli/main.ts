import { readConfig } from '../config.ts'
import type { Settings } from '../config/load.ts'
import { exit, exitCodeOf } from './exit.ts'
import { helpFor, overview } from './help.ts'
import { systemIo, type Io } from './io.ts'
import { parse } from './parse.ts'
import { version } from './version.ts'

/** Runs one command line. Resolves with the exit code. */
export const main = async (argv: readonly string[], io: Io = systemIo()): Promise<number> => {
  try {
    const asked = parse(argv)
    if (asked.show === 'version') {
      io.out(version)
      return exit.ok
    }
    if (asked.show === 'help') {
      for (const line of asked.command === undefined ? overview(io) : helpFor(asked.command, io)) io.out(line)
      return exit.ok
    }
    let settings: Settings | undefined
    const { run } = await asked.command.load()
    return await run({
      ...asked,
      io,
      settings: () => (settings ??= readConfig({ flags: asked.flags, env: io.env, cwd: io.cwd })),
    })
  } catch (error) {
    return complain(error, io)
  }
}

/** Says what is wrong: a sentence where we know it, the whole error where it is a defect of ours. */
const complain = (error: unknown, io: Io): number => {
  const code = exitCodeOf(error)
  if (code === undefined || !(error instanceof Error)) {
    io.err('holdfast: something went wrong that should not be possible. Please report this:')
    io.err(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return exit.software
  }
  const lines = error.message.split('\n')
  for (const line of lines) io.err(`holdfast: ${line}`)
  return code
}
