import { createClient } from '../client/client.ts'
import { memoryStore } from '../client/store.ts'
import type { Event } from '../core/events.ts'
import type { Run } from './command.ts'
import { CliError, exit } from './exit.ts'
import type { Io } from './io.ts'
import { remoteOf } from './remote.ts'
import { watchConnection } from './connection.ts'

const time = (at: number): string => new Date(at).toISOString().slice(11, 23)

/** An event on one line, for people. */
const line = ({ seq, at, by, type, ...rest }: Event, io: Io): string => {
  const { cause: _cause, ...fields } = rest as Record<string, unknown>
  const text = Object.entries(fields)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value)}`,
    )
    .join(' ')
  return `${io.paint('dim', `${String(seq).padStart(6)} ${time(at)} ${by}`)} ${io.paint('cyan', type)} ${io.safe(text)}`
}

export const run: Run = async (call) => {
  const { args, io, values, switches } = call
  const [id] = args
  const from = values['from'] ?? '0'
  if (id === undefined || args.length > 1)
    throw new CliError(exit.usage, 'tail takes one session. See: holdfast tail --help')
  if (!/^\d{1,15}$/.test(from))
    throw new CliError(exit.usage, `--from: it must be the number of an event, not "${from}".`)
  const { url, key, fetch } = remoteOf(call)
  await fetch(`/v1/sessions/${encodeURIComponent(id)}`)
  const client = createClient({ url, key, name: 'holdfast-tail', storage: memoryStore() })
  const stop = watchConnection(client, io.err)
  const json = switches.has('json')
  await client.connect()
  const end = switches.has('once')
    ? await client
        .session(id)
        .ready()
        .then(({ seq }) => seq)
    : Infinity
  try {
    if (Number(from) >= end) return exit.ok
    const after = switches.has('follow') ? 'now' : Number(from)
    for await (const told of client.session(id).events({ after })) {
      if (told.type === 'snapshot') {
        io.err(
          `Events up to ${told.state.seq} are folded into the stored state: "holdfast sessions show ${id}" prints it.`,
        )
        if (told.state.seq >= end) return exit.ok
        continue
      }
      io.out(json ? JSON.stringify(told) : line(told, io))
      if (told.seq >= end) return exit.ok
    }
    return exit.ok
  } finally {
    stop()
    client.disconnect()
  }
}
