import type { SessionState } from '../core/session.ts'
import type { Call, Run } from './command.ts'
import { CliError, exit } from './exit.ts'
import { table } from './io.ts'
import { remoteOf } from './remote.ts'
import { transcript } from './transcript.ts'

interface Line {
  readonly id: string
  readonly title: string
  readonly agent: string
  readonly status: string
  readonly turns: number
  readonly updated_at: string
}
interface Snapshot {
  readonly cursor: string
  readonly state: SessionState
}

const usage = (message: string): CliError => new CliError(exit.usage, `${message} See: holdfast sessions --help`)

const list = async (call: Call): Promise<number> => {
  const { io, switches, values } = call
  const limit = values['limit'] ?? '100'
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 500)
    throw usage(`--limit: it must be a whole number from 1 to 500, not "${limit}".`)
  const answer = await remoteOf(call).fetch(`/v1/sessions?limit=${limit}`)
  const { sessions } = (await answer.json()) as { readonly sessions: readonly Line[] }
  if (switches.has('json')) for (const line of sessions) io.out(JSON.stringify(line))
  else if (sessions.length === 0) io.err('There is no session yet: holdfast chat starts one.')
  else {
    const rows = sessions.map(({ id, status, agent, turns, updated_at, title }) => [
      id,
      status,
      agent,
      String(turns),
      updated_at.slice(0, 16).replace('T', ' '),
      io.safe(title),
    ])
    for (const line of table([['ID', 'STATUS', 'AGENT', 'TURNS', 'CHANGED (UTC)', 'TITLE'], ...rows])) io.out(line)
  }
  return exit.ok
}

const pathOf = (id: string): string => `/v1/sessions/${encodeURIComponent(id)}`

const snapshotOf = async (call: Call): Promise<Snapshot> => {
  const [action, id] = call.args
  if (id === undefined || call.args.length > 2) throw usage(`Name one session: sessions ${action} SESSION.`)
  return (await (await remoteOf(call).fetch(`${pathOf(id)}/snapshot`)).json()) as Snapshot
}

const show = async (call: Call): Promise<number> => {
  const { state } = await snapshotOf(call)
  const { io } = call
  if (call.switches.has('json')) io.out(JSON.stringify(state))
  else {
    io.out(
      `${io.paint('bold', state.title === '' ? state.id : io.safe(state.title))}  ${io.paint('dim', `${state.id} · ${state.agent}`)}`,
    )
    for (const line of transcript(state, io)) io.out(line)
  }
  return exit.ok
}

const save = async (call: Call): Promise<number> => {
  call.io.out(JSON.stringify(await snapshotOf(call)))
  return exit.ok
}

const remove = async (call: Call): Promise<number> => {
  const ids = call.args.slice(1)
  if (ids.length === 0) throw usage('Name what to remove: sessions rm SESSION….')
  const remote = remoteOf(call)
  for (const id of ids) {
    await remote.fetch(pathOf(id), { method: 'DELETE' })
    if (call.switches.has('json')) call.io.out(JSON.stringify({ id, deleted: true }))
    else call.io.err(`Removed ${id}.`)
  }
  return exit.ok
}

const actions: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  ls: list,
  list,
  show,
  export: save,
  rm: remove,
}

export const run: Run = (call) => {
  const name = call.args[0] ?? 'ls'
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (action === undefined) throw usage(`There is no "sessions ${name}".`)
  return action(call)
}
