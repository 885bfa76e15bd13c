import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Settings } from '../../config/load.ts'
import { version } from '../version.ts'
import { fail, pass, warn, type Check } from './check.ts'
import { runningServer } from './storage.ts'

const isLocal = (host: string): boolean => /^(localhost|127\.[\d.]+|\[?::1\]?)$/.test(host)

export const checkBinding = ({ config: { host, allowed_hosts, scheme } }: Settings): Check => {
  const name = 'address'
  if (isLocal(host)) return pass(name, `${host}: only this machine can connect`)
  const detail = `${host}: other machines can connect`
  if (allowed_hosts.length === 0)
    return warn(
      name,
      `${detail}, by the bare address alone`,
      'Set allowed_hosts to the names by which people reach it.',
    )
  return scheme === 'http'
    ? warn(name, `${detail}, without encryption`, 'Put a proxy that ends TLS in front, and set scheme to https.')
    : pass(name, `${detail} as ${allowed_hosts.join(', ')}`)
}

const isFree = (host: string, port: number): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    server.listen(port, host.replace(/^\[|\]$/g, ''), () => server.close(() => resolve('')))
  })

export const checkPort = async ({ config: { host, port, data }, origins }: Settings): Promise<Check> => {
  const name = 'port'
  const running = runningServer(data)
  if (running !== undefined) return pass(name, `${running.url} is served by process ${running.pid}`)
  const taken = await isFree(host, port)
  if (taken === '') return pass(name, port === 0 ? 'any' : `${port} is free`)
  if (taken === 'EADDRNOTAVAIL') return fail(name, `${host} is no address of this machine`, 'Correct HOLDFAST_HOST.')
  if (taken === 'EACCES') return fail(name, `${port} may not be used by this user`, 'Choose a port above 1023.')
  return origins.port.source === 'default'
    ? warn(
        name,
        `${port} is taken by another program`,
        'The next free one is used. Name one with --port to have it always.',
      )
    : fail(name, `${port} is taken by another program`, `Stop that one, or choose another port (${origins.port.name}).`)
}

const credential = (data: string, configured: string): string => {
  if (configured !== '') return configured
  try {
    return readFileSync(join(data, 'key'), 'utf8').trim()
  } catch {
    return ''
  }
}

/** What came of opening the native socket: '' when the server said welcome. */
const welcome = (url: string, key: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/socket`, 'holdfast.v1')
    const done = (said: string): void => {
      resolve(said)
      socket.close()
    }
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ t: 'hello', v: 1, client: 'holdfast-doctor', auth: key })),
    )
    socket.addEventListener('message', ({ data }) => {
      const { t, message } = JSON.parse(String(data)) as { readonly t?: string; readonly message?: string }
      done(t === 'welcome' ? '' : (message ?? 'no welcome'))
    })
    socket.addEventListener('error', () => done('the connection was refused'))
  })

export const checkServer = async ({ config: { data, key } }: Settings): Promise<Check> => {
  const name = 'server'
  const running = runningServer(data)
  if (running === undefined) return pass(name, 'not running')
  const { url } = running
  let answer
  try {
    answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(4000) })
  } catch {
    return fail(
      name,
      `process ${running.pid} is there, but ${url} does not answer`,
      'Look into its log; stop it and start it again.',
    )
  }
  const health = (await answer.json()) as { readonly ok?: boolean; readonly reason?: string; readonly version?: string }
  if (health.ok !== true)
    return fail(
      name,
      `${url}: ${health.reason ?? `answered ${answer.status}`}`,
      'Make room on the disk, or wait until it has stopped.',
    )
  const refused = await welcome(url, credential(data, key))
  if (refused !== '')
    return fail(
      name,
      `${url}: no WebSocket: ${refused}`,
      'holdfast keys list; is a key in use, and is it in the file "key"?',
    )
  return health.version === version
    ? pass(name, `${url} answers, and so does its WebSocket`)
    : warn(
        name,
        `${url} runs version ${health.version ?? '?'}, this is ${version}`,
        'Start it again to use this version.',
      )
}
