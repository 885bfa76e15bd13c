import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemEnv } from '../env.ts'
import { openIdentity, type Identity, type KeyInfo } from '../http/identity.ts'
import { isRole, roles } from '../http/roles.ts'
import type { Call, Run } from './command.ts'
import { CliError, exit } from './exit.ts'
import { table } from './io.ts'

const usage = (message: string): CliError => new CliError(exit.usage, `${message} See: holdfast keys --help`)

/** The keys are in their own file that any process may change: the server need not run, and need not be asked. */
const withIdentity = <T>(call: Call, work: (identity: Identity, dir: string) => T): T => {
  const { data, key } = call.settings().config
  const identity = openIdentity({ dir: data, env: systemEnv, key })
  try {
    return work(identity, data)
  } finally {
    identity.close()
  }
}

const create = (call: Call): number => {
  const { name, role = 'owner', user } = call.values
  const { io } = call
  if (name === undefined || name.trim() === '') throw usage('A key needs a name: keys create --name NAME.')
  if (!isRole(role)) throw usage(`--role: "${role}" is none of ${Object.keys(roles).join(', ')}.`)
  return withIdentity(call, (identity, dir) => {
    const made = identity.createKey({ name, role, ...(user !== undefined && { user }) })
    if (call.switches.has('json')) {
      io.out(JSON.stringify(made))
      return exit.ok
    }
    io.err(`Key "${name}" (${role}). It is shown this once:`)
    io.out(made.key)
    io.err(`Revoke it with: holdfast keys revoke ${made.id}`)
    if (identity.first !== undefined) io.err(`The owner's own first key was made too: ${join(dir, 'key')}`)
    return exit.ok
  })
}

const date = (at: number | null): string =>
  at === null ? '' : new Date(at).toISOString().slice(0, 16).replace('T', ' ')
const row = ({ id, name, role, user, prefix, created, last_used, revoked }: KeyInfo): readonly string[] => [
  id,
  `${prefix}…`,
  name,
  role,
  user,
  date(created),
  date(last_used) || 'never',
  revoked === null ? '' : `revoked ${date(revoked)}`,
]

const list = (call: Call): number => {
  const { io, switches } = call
  // Opening makes the first key, and looking must change nothing.
  const { data } = call.settings().config
  const keys = existsSync(join(data, 'identity.db')) ? withIdentity(call, (identity) => identity.listKeys()) : []
  if (switches.has('json')) for (const key of keys) io.out(JSON.stringify(key))
  else if (keys.length === 0)
    io.err('There is no key yet: the first start makes one, or "holdfast keys create --name NAME".')
  else
    for (const line of table([['ID', 'KEY', 'NAME', 'ROLE', 'USER', 'MADE (UTC)', 'USED', ''], ...keys.map(row)]))
      io.out(line)
  return exit.ok
}

const revoke = (call: Call): number => {
  const { io, args, switches } = call
  const id = args[1]
  if (id === undefined || args.length > 2) throw usage('Name one key by its id: keys revoke ID.')
  const { data } = call.settings().config
  const done = existsSync(join(data, 'identity.db')) && withIdentity(call, (identity) => identity.revokeKey(id))
  if (!done) throw new CliError(exit.noInput, `There is no such key to revoke: ${id}. "holdfast keys list" shows them.`)
  if (switches.has('json')) io.out(JSON.stringify({ id, revoked: true }))
  else io.err(`Revoked ${id}. Its connections are closed.`)
  return exit.ok
}

const actions: Readonly<Record<string, (call: Call) => number>> = { create, list, ls: list, revoke }

export const run: Run = (call) => {
  const action = call.args[0] ?? 'list'
  if (!Object.hasOwn(actions, action)) throw usage(`There is no "keys ${action}".`)
  return Promise.resolve(actions[action]?.(call) ?? exit.usage)
}
