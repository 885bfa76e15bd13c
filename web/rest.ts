import type { SessionStatus } from '../src/core/session.ts'

/** A session's line, as REST tells it. */
export interface Line {
  readonly id: string
  readonly title: string
  readonly agent: string
  readonly status: SessionStatus
  readonly turns: number
  readonly updated_at: string
}
export interface AgentLine {
  readonly name: string
  /** For people: who really answers. */
  readonly title: string
}
export interface Me {
  readonly id: string
  readonly name: string
}

/** The server answered with this status, and it was not a success. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

/** @throws Refused, or what `fetch` throws when nothing answers */
const ask = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
  const response = await fetch(path, { cache: 'no-store', ...init })
  if (!response.ok) throw new Refused(response.status)
  return (await response.json()) as T
}

export const getMe = (): Promise<Me> => ask('/v1/me')
export const getAgents = async (): Promise<readonly AgentLine[]> =>
  (await ask<{ agents: readonly AgentLine[] }>('/v1/agents')).agents
export const getSessions = async (): Promise<readonly Line[]> =>
  (await ask<{ sessions: readonly Line[] }>('/v1/sessions?limit=100')).sessions

/** A one-time ticket that signs this browser in, for a key that a person typed. The key itself is kept nowhere. */
export const getTicket = async (key: string): Promise<string> => {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ path: '/' })
  return (await ask<{ ticket: string }>('/v1/tickets', { method: 'POST', headers, body })).ticket
}
