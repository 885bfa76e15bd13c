import type { Event } from '../../src/core/events.ts'
import type { SessionState } from '../../src/core/session.ts'

/** A server, and a key for it. */
export interface Access {
  readonly url: string
  readonly key: () => string
}

export const ask = (server: Access, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(server.url + path, {
    ...init,
    headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${server.key()}` },
  })

/** @throws Error when the answer is not a success */
const good = async (answer: Response): Promise<Response> => {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** The log after a cursor, page by page; without one, the whole. */
export const readLog = async (server: Access, session: string, after = '-1'): Promise<readonly Event[]> => {
  const events: Event[] = []
  for (let offset = after; ;) {
    const page = await good(await ask(server, `/v1/sessions/${session}/events?offset=${offset}`))
    events.push(...((await page.json()) as Event[]))
    offset = page.headers.get('stream-next-offset') ?? ''
    if (page.headers.get('stream-up-to-date') === 'true') return events
  }
}

export const readState = async (server: Access, session: string): Promise<SessionState> => {
  const answer = await good(await ask(server, `/v1/sessions/${session}/snapshot`))
  return ((await answer.json()) as { readonly state: SessionState }).state
}

/** Sends a command and waits for its acknowledgement. @throws Error when it is refused */
export const command = async (
  server: Access,
  session: string,
  type: string,
  data: object,
  id: string = crypto.randomUUID(),
): Promise<{ readonly id: string; readonly cursor: string }> => {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ id, type, data })
  const answer = await good(await ask(server, `/v1/sessions/${session}/commands`, { method: 'POST', headers, body }))
  return (await answer.json()) as { id: string; cursor: string }
}

/** A new session, at once. */
export const newSession = async (server: Access): Promise<string> => {
  const session = crypto.randomUUID()
  await command(server, session, 'create', {})
  return session
}
