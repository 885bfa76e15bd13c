import { resolve } from 'node:path'
import { verifyJournal, type Report } from '../journals/sqlite/verify.ts'
import type { Run } from './command.ts'
import { CliError, exit } from './exit.ts'

export const counts = ({ sessions, commits, events, messages }: Report): string =>
  `${sessions} sessions, ${commits} commits, ${events} events, ${messages} messages`

export const run: Run = (call) => {
  const { args, io, switches } = call
  if (args.length > 1) throw new CliError(exit.usage, 'verify takes one file. See: holdfast verify --help')
  const file = args[0] === undefined ? call.settings().config.database : resolve(io.cwd, args[0])
  const report = verifyJournal(file)
  const damaged = report.problems.length > 0
  if (switches.has('json')) io.out(JSON.stringify({ file, ok: !damaged, ...report }))
  else {
    for (const { kind, session, detail } of report.problems)
      io.out(`${io.paint('red', kind)}${session === undefined ? '' : ` in session ${session}`}: ${detail}`)
    io.out(`${file}: ${counts(report)}`)
    io.out(
      damaged
        ? io.paint(
            'red',
            `${report.problems.length} problems. Stop the server, keep a copy of this file, and restore a backup.`,
          )
        : io.paint('green', 'Every row is as it was written.'),
    )
  }
  return Promise.resolve(damaged ? exit.data : exit.ok)
}
