import { createHash } from 'node:crypto'
import { z } from 'zod'
import { commands, needs, type CommandType } from '../core/commands.ts'
import { formatCursor, seenHead } from '../core/cursor.ts'
import { Failure } from '../core/failures.ts'
import type { Env, Listed } from '../core/ports.ts'
import { allow, visible } from '../gateway/access.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Call, Route } from './route.ts'

const name = z.string().regex(/^[\w.-]{1,128}$/, 'letters, digits, dot, dash and underscore, at most 128')
const NewSession = commands.create.extend({ id: name.optional() })
const Sent = z.object({
  id: z.string().min(1).max(200).optional(),
  type: z.string().max(40),
  data: z.unknown().optional(),
  expect: z.string().optional(),
})

/** A session as REST tells it. */
export const sessionJson = (line: Listed) => ({
  id: line.id,
  title: line.title,
  agent: line.agent,
  ...(line.model !== '' && { model: line.model }),
  ...(line.project_id !== '' && { project_id: line.project_id }),
  status: line.status,
  pinned: line.pinned,
  archived: line.archived,
  turns: line.turns,
  total_tokens: line.total_tokens,
  created_at: new Date(line.created_at).toISOString(),
  updated_at: new Date(line.updated_at).toISOString(),
})

/** Sessions over HTTP: the same commands as on the socket, and what can be read without following. */
export const sessionRoutes = (gateway: Gateway, env: Env): readonly Route[] => {
  const cursorOf = (seq: number): string => formatCursor({ epoch: gateway.journal.epoch, seq })
  const line = (call: Call) => visible(gateway, call.params['id'] ?? '', call.principal)

  const create = async (call: Call): Promise<void> => {
    const { id, ...data } = await call.json(NewSession)
    const key = idempotencyKey(call)
    const session = id ?? (key === undefined ? env.id() : sessionOf(call.principal.id, key))
    await gateway.say({ id: key ?? env.id(), session, by: call.principal.id, type: 'create', data })
    const made = await visible(gateway, session, call.principal)
    call.send(201, sessionJson(made), { location: `/v1/sessions/${session}` })
  }

  const send = async (call: Call): Promise<void> => {
    const { id, type, data, expect } = await call.json(Sent)
    const key = idempotencyKey(call)
    if (id !== undefined && key !== undefined && id !== key)
      throw new Failure('invalid_request', 'id: it differs from Idempotency-Key', { param: 'id' })
    if (!Object.hasOwn(needs, type)) throw new Failure('invalid_request', unknownType(type), { param: 'type' })
    const session = call.params['id'] ?? ''
    const who = allow(call.principal, needs[type as CommandType])
    if (type !== 'create') await visible(gateway, session, who)
    else if (!name.safeParse(session).success)
      throw new Failure('invalid_request', 'The session id is not one', { param: 'id' })
    const command = { id: id ?? key ?? env.id(), session, by: who.id, type, data }
    const { seq, dup } = await gateway.say(
      command,
      expect === undefined ? undefined : seenHead(expect, gateway.journal.epoch),
    )
    call.send(202, { id: command.id, cursor: cursorOf(seq), dup })
  }

  const list = async (call: Call): Promise<void> => {
    const limit = numberIn(call.url.searchParams.get('limit') ?? '100', 1, 500, 'limit')
    const before = positionOf(call.url.searchParams.get('before'))
    const lines = await gateway.journal.list({ by: call.principal.id, limit, ...(before !== undefined && { before }) })
    const last = lines.length === limit ? lines.at(-1) : undefined
    call.send(200, {
      sessions: lines.map(sessionJson),
      ...(last !== undefined && { next: `${last.updated_at}.${last.id}` }),
    })
  }

  const search = async (call: Call): Promise<void> => {
    const limit = numberIn(call.url.searchParams.get('limit') ?? '50', 1, 200, 'limit')
    const query = call.url.searchParams.get('q') ?? ''
    if (query.length > 1000) throw new Failure('invalid_request', 'q: at most 1,000 characters', { param: 'q' })
    const found = await gateway.journal.search(query, { by: call.principal.id, limit })
    call.send(200, { messages: found.map(({ at, ...row }) => ({ ...row, at: new Date(at).toISOString() })) })
  }

  const one = '/v1/sessions/:id'
  return [
    { method: 'POST', path: '/v1/sessions', access: 'write', handle: create },
    { method: 'GET', path: '/v1/sessions', access: 'read', handle: list },
    { method: 'GET', path: '/v1/search', access: 'read', handle: search },
    { method: 'GET', path: one, access: 'read', handle: async (call) => call.send(200, sessionJson(await line(call))) },
    {
      method: 'DELETE',
      path: one,
      access: 'write',
      handle: async (call) => {
        const { id } = await line(call)
        await gateway.remove(id)
        call.send(200, { id, deleted: true })
      },
    },
    {
      method: 'GET',
      path: `${one}/snapshot`,
      access: 'read',
      handle: async (call) => {
        const { id } = await line(call)
        const state = await gateway.state(id)
        call.send(200, { cursor: cursorOf(state.seq), state }, { 'cache-control': 'private, no-store' })
      },
    },
    { method: 'POST', path: `${one}/commands`, access: 'read', handle: send },
    {
      method: 'GET',
      path: '/v1/agents',
      access: 'read',
      handle: (call) =>
        call.send(200, { agents: gateway.agents.map((agent) => ({ name: agent.name, title: agent.title })) }),
    },
  ]
}

const unknownType = (type: string): string =>
  `type: "${type}" is not a command; there are ${Object.keys(needs).join(', ')}`

const idempotencyKey = ({ req }: Call): string | undefined => {
  const key = req.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || key === '' || key.length > 200)
    throw new Failure('invalid_request', 'Idempotency-Key: 1 to 200 characters', { param: 'Idempotency-Key' })
  return key
}

/** The session that a create with this key makes: the same one each time it is sent again. 128 bits. */
const sessionOf = (by: string, key: string): string =>
  createHash('sha256').update(`session\n${by}\n${key}`).digest('base64url').slice(0, 22)

const numberIn = (text: string, least: number, most: number, param: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < least || number > most)
    throw new Failure('invalid_request', `${param}: a whole number from ${least} to ${most}`, { param })
  return number
}

const positionOf = (text: string | null): { readonly updated_at: number; readonly id: string } | undefined => {
  if (text === null) return undefined
  const dot = text.indexOf('.')
  return { updated_at: numberIn(text.slice(0, dot), 0, Number.MAX_SAFE_INTEGER, 'before'), id: text.slice(dot + 1) }
}
