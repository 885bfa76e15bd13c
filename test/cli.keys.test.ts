import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCli, type Cli } from './tools/cli.ts'

let cli: Cli
beforeEach(() => {
  cli = openCli()
})
afterEach(() => cli.close())

const me = (url: string, key: string): Promise<Response> =>
  fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${key}` } })

interface Made {
  readonly id: string
  readonly key: string
  readonly prefix: string
}
const create = async (...args: readonly string[]): Promise<Made> =>
  JSON.parse(await cli.out(['keys', 'create', '--json', ...args])) as Made

test('create --json prints one line {"id","key","prefix"}, before the first start too', async () => {
  const out = await cli.out(['keys', 'create', '--name', 'ci', '--json'])
  expect(out.split('\n')).toHaveLength(2)
  const made = JSON.parse(out) as Made
  expect(Object.keys(made)).toEqual(['id', 'key', 'prefix'])
  expect(made.key.startsWith(made.prefix)).toBe(true)
})

test('a key that is made while the server runs is good at once, and a revoked one is not', async () => {
  const { url } = await cli.serve()
  const { id, key } = await create('--name', 'phone')
  expect((await me(url, key)).status).toBe(200)
  await cli.out(['keys', 'revoke', id])
  expect((await me(url, key)).status).toBe(401)
  expect((await cli.run(['keys', 'revoke', id])).code).toBe(66)
})

test('[S16] a role limits what the key may do', async () => {
  const { url } = await cli.serve()
  const { key } = await create('--name', 'reader', '--role', 'viewer')
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  expect((await fetch(`${url}/v1/sessions`, { headers })).status).toBe(200)
  expect((await fetch(`${url}/v1/sessions`, { headers, method: 'POST', body: '{}' })).status).toBe(403)
  expect((await fetch(`${url}/v1/admin/backup`, { headers })).status).toBe(403)
})

test('[S61] no list shows a key, and no file but the first one keeps one', async () => {
  const { key } = await create('--name', 'x')
  const listed = await cli.out(['keys', 'list', '--json'])
  expect(listed.trim().split('\n')).toHaveLength(2)
  expect(listed).not.toContain(key)
  expect(await cli.out(['keys'])).not.toContain(key)
  for (const name of ['identity.db', 'identity.db-wal', 'key']) {
    const file = join(cli.dir, 'data', name)
    expect(existsSync(file) && readFileSync(file).includes(key)).toBe(false)
  }
})

test('looking changes nothing', async () => {
  expect((await cli.run(['keys', 'list'])).code).toBe(0)
  expect(existsSync(join(cli.dir, 'data'))).toBe(false)
})

test('for people the key alone is on standard output', async () => {
  const { out, err } = await cli.run(['keys', 'create', '--name', 'phone'])
  expect(out).toMatch(/^hf_[\w-]{43}\n$/)
  expect(err).toMatch(/shown this once[\s\S]*npx holdfast keys revoke/)
})
