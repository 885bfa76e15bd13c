import type { Run } from './command.ts'
import { exit } from './exit.ts'
import { remoteOf } from './remote.ts'

export const run: Run = async (call) => {
  const remote = remoteOf(call)
  const answer = await remote.fetch('/v1/tickets', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path: '/' }),
  })
  const { ticket, expires_at } = (await answer.json()) as { readonly ticket: string; readonly expires_at: string }
  const url = `${remote.url}/?ticket=${ticket}`
  call.io.out(call.switches.has('json') ? JSON.stringify({ url, expires_at }) : url)
  return exit.ok
}
