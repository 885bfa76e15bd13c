import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { folder } from '../tools/closing.ts'

// The real command, from the outside.

const run = (args: readonly string[], env: Record<string, string>) => {
  const child = spawn(process.execPath, ['src/cli.ts', ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: env['HOLDFAST_DATA'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said: string[] = []
  child.stdout.on('data', (data: Buffer) => said.push(data.toString()))
  child.stderr.on('data', (data: Buffer) => said.push(data.toString()))
  return { child, said: () => said.join(''), line: once(createInterface(child.stdout), 'line') as Promise<[string]> }
}
const ended = async (
  args: readonly string[],
  env: Record<string, string>,
): Promise<readonly [number | null, string]> => {
  const { child, said } = run(args, env)
  await once(child, 'close')
  return [child.exitCode, said()]
}

test('[S5] an address that others can reach is not served without a credential, however it is asked for', async () => {
  const HOLDFAST_DATA = join(await folder(), 'data')
  const file = join(await folder(), 'holdfast.json')
  await writeFile(file, JSON.stringify({ host: '0.0.0.0', port: 0 }))
  const ways: readonly (readonly [readonly string[], Record<string, string>])[] = [
    [['serve', '--host', '0.0.0.0', '--port', '0'], {}],
    [['serve', '--host', '::', '--port', '0'], {}],
    [['serve', '--port', '0'], { HOLDFAST_HOST: '0.0.0.0' }],
    [['serve', '--config', file], {}],
  ]
  for (const [args, env] of ways) {
    const [code, said] = await ended(args, { HOLDFAST_DATA, ...env })
    expect([args, code]).toEqual([args, 78])
    expect(said).toMatch(/no key exists/)
  }
})

test.for(['changeme', 'change-me-change-me-change-me-change-me'])(
  '[S7] the configured key "%s" is refused at the start',
  async (key) => {
    const [code, said] = await ended(['serve', '--port', '0'], {
      HOLDFAST_DATA: join(await folder(), 'data'),
      HOLDFAST_KEY: key,
    })
    expect(code).toBe(78)
    expect(said).toMatch(/can be guessed/)
    expect(said).not.toContain(key)
  },
)

test('[S6] [S11] the first start shows its key once; after that it is in one file for its owner and nowhere else', async () => {
  const HOLDFAST_DATA = join(await folder(), 'data')
  const start = async () => {
    const { child, said, line } = run(['serve', '--port', '0', '--json'], {
      HOLDFAST_DATA,
      HOLDFAST_LOG_LEVEL: 'debug',
    })
    const facts = JSON.parse((await line)[0]) as { url: string; open: string; key?: string; key_file?: string }
    const stop = async (): Promise<string> => {
      child.kill('SIGTERM')
      await once(child, 'close')
      return said()
    }
    return { ...facts, stop }
  }
  const first = await start()
  const { key = '', key_file: file = '', url } = first
  expect(readFileSync(file, 'utf8').trim()).toBe(key)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(HOLDFAST_DATA).mode & 0o077).toBe(0)
  expect((await fetch(`${url}/api/health`)).status).toBe(200)
  for (const path of ['/v1/me', '/v1/sessions', '/v1/agents', '/v1/search', '/v1/streams/x'])
    expect([path, (await fetch(url + path)).status]).toEqual([path, 401])
  expect((await fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
  await fetch(`${url}/v1/me?token=${key}&ticket=${key}`, { headers: { 'x-api-key': `${key}x` } })
  const signIn = await fetch(first.open, { redirect: 'manual' })
  expect(signIn.status).toBe(303)
  const said = await first.stop()
  expect(said.split(key)).toHaveLength(2)
  const cookie = /=(hfb_[\w-]+)/.exec(signIn.headers.get('set-cookie') ?? '')?.[1] ?? 'none'
  expect(said).not.toContain(cookie)
  const second = await start()
  expect(second.key).toBeUndefined()
  expect((await fetch(`${second.url}/v1/me`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
  expect(await second.stop()).not.toContain(key)
  for (const entry of readdirSync(HOLDFAST_DATA, { withFileTypes: true }).filter(
    (one) => one.isFile() && one.name !== 'key',
  ))
    expect([entry.name, readFileSync(join(HOLDFAST_DATA, entry.name)).includes(key)]).toEqual([entry.name, false])
})
