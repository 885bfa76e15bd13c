import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Call } from './command.ts'
import { CliError, exit } from './exit.ts'
import { readServerFile } from './server-file.ts'

/** A server to talk to. */
export interface Remote {
  readonly url: string
  readonly key: string
  /** An answer of 2xx. @throws CliError that says what to do */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

/** ms for the first byte of an answer. */
const patience = 10_000

const keyOf = (call: Call, dir: string): string => {
  const { key } = call.settings().config
  if (key !== '') return key
  try {
    return readFileSync(join(dir, 'key'), 'utf8').trim()
  } catch {
    throw new CliError(
      exit.noPermission,
      `No key: set HOLDFAST_KEY to one, for example from "holdfast keys create --name cli" on the server's machine. (There is none in ${join(dir, 'key')}.)`,
    )
  }
}

/** The server that was named, else the one that runs on the data folder. @throws CliError */
export const remoteOf = (call: Call): Remote => {
  const { data } = call.settings().config
  const named = call.values['url'] ?? (call.io.env['HOLDFAST_URL'] || undefined)
  const found = named ?? readServerFile(data)?.url
  if (found === undefined)
    throw new CliError(
      exit.unavailable,
      `No server runs on ${data}. Start one with "holdfast", or name another with --url or HOLDFAST_URL.`,
    )
  if (!/^https?:\/\/[^\s@]+$/.test(found))
    throw new CliError(exit.usage, `--url: "${found}" is no address like http://127.0.0.1:8080`)
  const url = found.replace(/\/+$/, '')
  const key = keyOf(call, data)
  return {
    url,
    key,
    fetch: async (path, init = {}) => {
      const answer = await reach(`${url}${path}`, url, {
        ...init,
        headers: { authorization: `Bearer ${key}`, ...(init.headers as Record<string, string> | undefined) },
      })
      if (!answer.ok) throw await refused(answer)
      return answer
    },
  }
}

const reach = async (address: string, url: string, init: RequestInit): Promise<Response> => {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), patience)
  try {
    return await fetch(address, { ...init, signal: limit.signal })
  } catch (error) {
    throw new CliError(
      exit.unavailable,
      `No server answers on ${url}. Start one with "holdfast", or see what is wrong with "holdfast doctor".`,
      error,
    )
  } finally {
    clearTimeout(timer)
  }
}

const byStatus: Readonly<Record<number, number>> = { 401: exit.noPermission, 403: exit.noPermission, 404: exit.noInput }
const advice: Readonly<Record<number, string>> = {
  401: ' Set HOLDFAST_KEY to a good one; "holdfast keys list" on the server\'s machine shows what there is.',
  404: ' "holdfast sessions" lists what there is.',
}

const refused = async (answer: Response): Promise<CliError> => {
  const body = (await answer.json().catch(() => ({}))) as { readonly error?: { readonly message?: string } }
  const message = body.error?.message ?? `the server answered ${answer.status}`
  const { status } = answer
  return new CliError(
    byStatus[status] ?? (status < 500 ? exit.usage : exit.unavailable),
    `${message}.${advice[status] ?? ''}`,
  )
}
