import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serveStatic } from '../src/http/static.ts'
import type { Allow } from '../src/http/inspect.ts'
import { folder } from './tools/closing.ts'
import { startEdge } from './tools/edge.ts'
import { sendRaw, statusOf } from './tools/raw.ts'

const start = async (allow: Allow = {}) => {
  const dir = await folder()
  await mkdir(join(dir, 'web/assets'), { recursive: true })
  await writeFile(join(dir, 'web/index.html'), '<!doctype html><title>x</title>')
  await writeFile(join(dir, 'web/assets/app-1234.js'), 'x')
  await writeFile(join(dir, 'web/favicon.svg'), '<svg/>')
  await writeFile(join(dir, 'outside'), 'outside')
  await symlink(join(dir, 'outside'), join(dir, 'web/assets/link.js'))
  const web = join(dir, 'web')
  const edge = await startEdge({ allow, routes: (identity) => serveStatic(web, identity) })
  const { identity } = edge
  const signInTicket = (): string => {
    const id = identity.listKeys()[0]?.id ?? ''
    return identity.tickets.issue({ key: id, path: '/' }).ticket
  }
  return { ...edge, signInTicket }
}

test('the page is served fresh with its policy, assets for ever, and nothing else at all', async () => {
  const { url, port } = await start()
  const page = await fetch(url)
  expect([page.status, page.headers.get('content-type'), page.headers.get('cache-control')]).toEqual([
    200,
    'text/html; charset=utf-8',
    'no-cache',
  ])
  const policy = page.headers.get('content-security-policy') ?? ''
  for (const part of [
    "default-src 'self'",
    "script-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
    'require-trusted-types-for',
  ])
    expect(policy).toContain(part)
  const again = await fetch(url, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } })
  expect(again.status).toBe(304)
  const asset = await fetch(`${url}/assets/app-1234.js`)
  expect([await asset.text(), asset.headers.get('cache-control')]).toEqual(['x', 'public, max-age=31536000, immutable'])
  expect((await fetch(`${url}/favicon.svg`)).status).toBe(200)
  for (const path of [
    '/assets/none.js',
    '/assets/link.js',
    '/assets/',
    '/assets',
    '/outside',
    '/index.htm',
    '/assets/%2e%2e%2f%2e%2e%2foutside',
    '/.env',
  ])
    expect([
      path,
      statusOf(await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)),
    ]).toEqual([path, 404])
})

test('a link with a ticket signs a browser in, once, and takes the ticket out of the address', async () => {
  const { url, port, signInTicket } = await start()
  const ticket = signInTicket()
  const first = await fetch(`${url}/?ticket=${ticket}`, {
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'cross-site' },
  })
  expect([first.status, first.headers.get('location')]).toEqual([303, '/'])
  const cookie = first.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(
    new RegExp(`^holdfast-${port}=hfb_[\\w-]{43}; Path=/; Max-Age=\\d+; HttpOnly; SameSite=Strict$`),
  )
  expect((await fetch(`${url}/?ticket=${ticket}`, { redirect: 'manual' })).status).toBe(401)
  const me = await fetch(`${url}/v1/me`, { headers: { cookie: cookie.split(';')[0] ?? '' } })
  expect(await me.json()).toMatchObject({ name: 'first', permissions: ['read', 'write', 'approve', 'admin'] })
  const out = await fetch(`${url}/v1/me/session`, {
    method: 'DELETE',
    headers: { cookie: cookie.split(';')[0] ?? '', origin: url },
  })
  expect([out.status, out.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')])
  expect((await fetch(`${url}/v1/me`, { headers: { cookie: cookie.split(';')[0] ?? '' } })).status).toBe(401)
})

test('over HTTPS the cookie is Secure and bound to the host, and HTTPS is asked for from then on', async () => {
  const { port, signInTicket } = await start({ hosts: ['holdfast.example'], scheme: 'https' })
  const answer = await sendRaw(
    port,
    `GET /?ticket=${signInTicket()} HTTP/1.1\r\nHost: holdfast.example\r\nConnection: close\r\n\r\n`,
  )
  expect(answer).toMatch(
    /set-cookie: __Host-holdfast=hfb_[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure/i,
  )
  expect(answer).toMatch(/strict-transport-security: max-age=31536000/i)
})
