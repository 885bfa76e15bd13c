import { ConfigError } from '../config/config-error.ts'
import type { Settings } from '../config/load.ts'
import type { Call, Run } from './command.ts'
import { checkFolder, checkJournal, checkKeys } from './doctor/storage.ts'
import { fail, type Check, type State } from './doctor/check.ts'
import { checkModel } from './doctor/model.ts'
import { checkNode, checkPage } from './doctor/program.ts'
import { checkBinding, checkPort, checkServer } from './doctor/server.ts'
import { CliError, exit } from './exit.ts'
import { asTyped } from './io.ts'

/** In the order in which one thing builds on another. */
const checks = [
  checkNode,
  checkPage,
  checkFolder,
  checkJournal,
  checkKeys,
  checkBinding,
  checkPort,
  checkServer,
  checkModel,
]

/** ms that one check may take. */
const patience = 5000

/** A check that hangs or throws is a finding like any other. */
const settle = async (check: (settings: Settings) => Check | Promise<Check>, settings: Settings): Promise<Check> => {
  let timer
  const late = new Promise<Check>((resolve) => {
    timer = setTimeout(
      () =>
        resolve(fail(check.name, `no answer within ${patience / 1000} s`, 'See whether this machine is overloaded.')),
      patience,
    )
  })
  try {
    return await Promise.race([check(settings), late])
  } catch (error) {
    return fail(check.name, error instanceof Error ? error.message : String(error), 'Please report this.')
  } finally {
    clearTimeout(timer)
  }
}

const configuration = (call: Call): { readonly settings?: Settings; readonly check: Check } => {
  try {
    const settings = call.settings()
    return {
      settings,
      check: { name: 'configuration', state: 'pass', detail: settings.file ?? 'no file, which is fine' },
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return {
      check: fail('configuration', error.message, 'Correct it; "holdfast config --help" says where values come from.'),
    }
  }
}

const marks = { pass: ['green', '✓'], warn: ['yellow', '!'], fail: ['red', '✗'] } as const
const codes: Record<State, number> = { pass: 0, warn: 1, fail: 2 }

export const run: Run = async (call) => {
  const { io, switches, args } = call
  if (args.length > 0) throw new CliError(exit.usage, 'doctor takes flags only. See: holdfast doctor --help')
  const { settings, check } = configuration(call)
  const rest = settings === undefined ? [] : await Promise.all(checks.map((one) => settle(one, settings)))
  const found = [check, ...rest]
  const worst = found.reduce<State>((state, one) => (codes[one.state] > codes[state] ? one.state : state), 'pass')
  if (switches.has('json')) io.out(JSON.stringify({ ok: worst !== 'fail', worst, checks: found }))
  else {
    for (const { name, state, detail, fix } of found) {
      const [style, mark] = marks[state]
      const [first = '', ...more] = detail.split('\n')
      io.out(`${io.paint(style, mark)} ${io.paint('bold', name)}  ${first}`)
      for (const line of more) io.out(`  ${line}`)
      if (fix !== undefined) io.out(`  → ${asTyped(fix)}`)
    }
  }
  return codes[worst]
}
