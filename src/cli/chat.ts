import { join } from 'node:path'
import { createClient } from '../client/client.ts'
import { fileStore } from '../client/node.ts'
import type { Run } from './command.ts'
import { converse } from './converse.ts'
import { CliError, exit } from './exit.ts'
import { recite } from './recite.ts'
import { remoteOf } from './remote.ts'

export const run: Run = async (call) => {
  const { args, io, values } = call
  const [id] = args
  if (args.length > 1) throw new CliError(exit.usage, 'chat takes one session. See: holdfast chat --help')
  const { agent, model } = values
  if (id !== undefined && (agent ?? model) !== undefined)
    throw new CliError(exit.usage, '--agent and --model are for a new session; this one has its own.')
  const remote = remoteOf(call)
  // Asked once over plain HTTP: a wrong address, key or session is told at once instead of tried again for ever.
  await remote.fetch(id === undefined ? '/v1/me' : `/v1/sessions/${encodeURIComponent(id)}`)
  const { data } = call.settings().config
  const client = createClient({
    url: remote.url,
    key: remote.key,
    name: 'holdfast-chat',
    // What was typed and not yet acknowledged survives this process, apart for each server.
    storage: fileStore(join(data, 'outbox', encodeURIComponent(remote.url))),
  })
  const session =
    id === undefined
      ? client.create({ ...(agent !== undefined && { agent }), ...(model !== undefined && { model }) })
      : client.session(id)
  try {
    await client.connect()
    return await (io.stdin.isTTY ? converse : recite)({ client, session, io, isNew: id === undefined })
  } finally {
    client.disconnect()
  }
}
