import { readFileSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Route } from '../../src/http/route.ts'
import { openIdentity } from '../../src/http/identity.ts'
import { assertSafeBinding, assertStrongSecret, UnsafeSetup } from '../../src/http/secrets.ts'
import { folder } from '../tools/closing.ts'
import { startEdge } from '../tools/edge.ts'
import { turnableEnv } from '../tools/env.ts'

test('[S5] other machines are served only where a credential is asked for', () => {
  const open = [
    '0.0.0.0',
    '::',
    '',
    '192.168.1.5',
    'holdfast.example',
    '127.0.0.1.evil.example',
    '1270.0.0.1',
    '2130706433',
    '::ffff:10.0.0.1',
  ]
  const loopback = ['127.0.0.1', 'localhost', '::1', '127.5.5.5']
  for (const host of open) {
    expect(() => assertSafeBinding(host, false, false)).toThrow(UnsafeSetup)
    expect(() => assertSafeBinding(host, false, true)).toThrow(/loopback/)
    expect(() => assertSafeBinding(host, true, true)).toThrow(/loopback/)
    expect(() => assertSafeBinding(host, true, false)).not.toThrow()
  }
  for (const host of loopback)
    for (const has of [true, false])
      for (const insecure of [true, false]) expect(() => assertSafeBinding(host, has, insecure)).not.toThrow()
  expect(new UnsafeSetup('x').exitCode).toBe(78)
})

test('[S6] there is a credential from the first start, shown once, in a file for its owner alone', async () => {
  const routes: readonly Route[] = (['GET', 'POST', 'DELETE'] as const).map((method) => ({
    method,
    path: '/v1/any',
    access: 'read',
    handle: (call) => call.send(200, {}),
  }))
  const { url, key, identity, lines } = await startEdge({ routes })
  const answers = await Promise.all([
    fetch(`${url}/v1/any`),
    fetch(`${url}/v1/any`, { method: 'POST' }),
    fetch(`${url}/v1/any`, { method: 'DELETE' }),
    fetch(`${url}/v1/me`),
    fetch(`${url}/v1/tickets`, { method: 'POST' }),
  ])
  expect(answers.map((answer) => answer.status)).toEqual([401, 401, 401, 401, 401])
  expect((await fetch(`${url}/api/health`)).status).toBe(200)
  expect((await fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
  const file = identity.first?.file ?? ''
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'utf8').trim()).toBe(key)
  expect(lines()).not.toContain(key)
})

const weak = [
  'a',
  'changeme',
  'change-me-change-me-change-me-change-me',
  'secret',
  'your-super-secret-jwt-key',
  'your-super-secret-jwt-key-change-in-production',
  'your_secret_key_here_please_change_this_value',
  'YOUR-API-KEY-HERE-AT-LEAST-32-CHARACTERS-LONG',
  'this-is-a-very-long-secret-key-for-development-use',
  'replace-me-with-a-random-string-of-32-characters',
  'passwordpasswordpasswordpassword',
  'keyboardcatkeyboardcatkeyboardcat',
  '00000000000000000000000000000000',
  '01234567890123456789012345678901',
  'abcdefghijklmnopqrstuvwxyz0123456789',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ' '.repeat(64),
  'Zx4lBq0TnB2m9cVvK7yQ1sWd8RjUeH',
]
test.for(weak)('[S7] the secret "%s" is refused, without repeating it', async (secret) => {
  expect(() => assertStrongSecret('HOLDFAST_KEY', secret)).toThrow(/^HOLDFAST_KEY can be guessed/)
  const dir = await folder()
  expect(() => openIdentity({ dir, env: turnableEnv(), key: secret })).toThrow(
    expect.objectContaining({
      exitCode: 78,
      message: expect.not.stringContaining(secret.length > 8 ? secret : 'nothing'),
    }),
  )
})

test('[S7] random secrets in the usual encodings are taken', () => {
  const check = (): void => {
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(32)))
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        assertStrongSecret('key', bytes.toString(encoding))
    }
  }
  expect(check).not.toThrow()
})
