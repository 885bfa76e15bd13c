import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openIdentity, type IdentityOptions } from '../src/http/identity.ts'
import { folder } from './tools/closing.ts'
import { turnableEnv } from './tools/env.ts'

const open = async (options: Partial<IdentityOptions> = {}) => {
  const dir = options.dir ?? (await folder())
  const env = turnableEnv()
  const identity = openIdentity({ dir, env, ...options })
  onTestFinished(() => identity.close())
  return { dir, env, identity }
}

test('[S6] the first start makes a key in a 0600 file, the second start makes none', async () => {
  const { dir, identity } = await open()
  const { key = '', file = '' } = identity.first ?? {}
  expect(readFileSync(file, 'utf8')).toBe(`${key}\n`)
  expect(Buffer.from(key.slice(3), 'base64url').length).toBe(32)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(join(dir, 'identity.db')).mode & 0o777).toBe(0o600)
  expect(identity.authenticate(key)?.permissions).toEqual(new Set(['read', 'write', 'approve', 'admin']))
  const again = await open({ dir })
  expect(again.identity.first).toBeUndefined()
  expect(again.identity.authenticate(key)).not.toBeNull()
})

test('keys are made, listed without themselves, and revoked', async () => {
  const { identity } = await open()
  const { id, key, prefix } = identity.createKey({ name: 'phone', role: 'viewer' })
  expect(key.startsWith(prefix)).toBe(true)
  expect(identity.authenticate(key)).toMatchObject({
    id: 'user:owner',
    key: id,
    name: 'phone',
    permissions: new Set(['read']),
  })
  expect(identity.listKeys().map((one) => one.name)).toEqual(['first', 'phone'])
  expect(JSON.stringify(identity.listKeys())).not.toContain(key)
  expect(identity.revokeKey(id)).toBe(true)
  expect(identity.revokeKey(id)).toBe(false)
  expect(identity.authenticate(key)).toBeNull()
  expect(identity.principal(id)).toBeNull()
})

test('a key that another process makes or revokes counts at once', async () => {
  const { dir, identity } = await open()
  const script = `
    const { openIdentity } = await import(${JSON.stringify(new URL('../src/http/identity.ts', import.meta.url).href)})
    const identity = openIdentity({ dir: process.argv[1], env: { now: Date.now, monotonic: () => 0 } })
    if (process.argv[2] === undefined) console.log(JSON.stringify(identity.createKey({ name: 'other' })))
    else identity.revokeKey(process.argv[2])
    identity.close()`
  const run = (...more: string[]) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script, dir, ...more], { encoding: 'utf8' })
  const { id, key } = JSON.parse(run()) as { id: string; key: string }
  expect(identity.authenticate(key)?.name).toBe('other')
  run(id)
  expect(identity.authenticate(key)).toBeNull()
})

test('a browser stays signed in until its time is over, it signs out, or its key is revoked', async () => {
  const { identity, env } = await open()
  const key = identity.createKey({ name: 'me' })
  const one = identity.openBrowser(key.id)
  const two = identity.openBrowser(key.id)
  expect(identity.browser(one.token)).toMatchObject({ key: key.id, expires: one.expires })
  identity.closeBrowser(one.token)
  expect(identity.browser(one.token)).toBeNull()
  identity.revokeKey(key.id)
  expect(identity.browser(two.token)).toBeNull()
  const other = identity.createKey({ name: 'me again' })
  const three = identity.openBrowser(other.id)
  env.turn(30 * 24 * 3600_000 + 1)
  expect(identity.browser(three.token)).toBeNull()
})

test('a key from the configuration is the owner, and none is made', async () => {
  const key = 'Zx4lBq0TnB2m9cVvK7yQ1sWd8RjUeHgF5aPoXi3L'
  const { identity } = await open({ key })
  expect(identity.first).toBeUndefined()
  expect(identity.authenticate(key)?.permissions.has('admin')).toBe(true)
  expect(identity.owner()?.key).toMatch(/^configured-/)
  expect(identity.authenticate('')).toBeNull()
})
