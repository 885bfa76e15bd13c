import { createWriteStream, existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openSqliteJournal } from '../journals/sqlite/open.ts'
import { JournalRefused } from '../journals/sqlite/refused.ts'
import { verifyJournal } from '../journals/sqlite/verify.ts'
import type { Call, Run } from './command.ts'
import { CliError, exit } from './exit.ts'
import { remoteOf } from './remote.ts'
import { counts } from './verify.ts'

/** From a running server, over the wire. */
const download = async (call: Call, part: string): Promise<void> => {
  const { body } = await remoteOf(call).fetch('/v1/admin/backup')
  if (body === null) throw new CliError(exit.unavailable, 'The server sent nothing')
  await pipeline(Readable.fromWeb(body), createWriteStream(part, { mode: 0o600, flush: true }))
}

/** From the file, when no server has it open. A server that has is asked. */
const copy = async (call: Call, part: string): Promise<void> => {
  const { database } = call.settings().config
  if (!existsSync(database)) throw new CliError(exit.noInput, `There is no journal to copy: ${database}`)
  let journal
  try {
    journal = await openSqliteJournal({ file: database })
  } catch (error) {
    if (error instanceof JournalRefused && error.reason === 'in_use') return download(call, part)
    throw error
  }
  try {
    await journal.backup(part)
  } finally {
    await journal.close()
  }
}

const sync = async (path: string): Promise<void> => {
  const handle = await open(path, 'r')
  await handle.sync()
  await handle.close()
}

export const run: Run = async (call) => {
  const { args, io, switches, values } = call
  const [name] = args
  if (name === undefined || args.length > 1)
    throw new CliError(exit.usage, 'backup takes the file to write. See: holdfast backup --help')
  const file = resolve(io.cwd, name)
  if (existsSync(file) && !switches.has('force'))
    throw new CliError(exit.cannotCreate, `${file} is there already. Choose another name, or replace it with --force.`)
  if (!existsSync(dirname(file)))
    throw new CliError(exit.cannotCreate, `The folder of ${file} is not there. Make it first.`)
  const part = `${file}.${process.pid}.part`
  try {
    const named = values['url'] ?? (io.env['HOLDFAST_URL'] || undefined)
    await (named === undefined ? copy(call, part) : download(call, part))
    const report = verifyJournal(part)
    if (report.problems.length > 0)
      throw new CliError(
        exit.data,
        `The copy shows ${report.problems.length} problems, so it was not kept: the journal is damaged. See: holdfast verify`,
      )
    await rename(part, file)
    await sync(dirname(file))
    if (switches.has('json')) io.out(JSON.stringify({ file, ...report }))
    else io.out(`${file}: ${counts(report)}, every row as it was written.`)
    return exit.ok
  } finally {
    await Promise.all([part, `${part}-wal`, `${part}-shm`].map((path) => rm(path, { force: true })))
  }
}
