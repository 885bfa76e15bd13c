import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCli, type Cli, type RunOptions } from './tools/cli.ts'

let cli: Cli
const closers: (() => void)[] = []
beforeEach(() => {
  cli = openCli()
})
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  await cli.close()
})

interface Found {
  readonly name: string
  readonly state: string
  readonly detail: string
  readonly fix?: string
}
const doctor = async (env: RunOptions['env'] = {}, ...args: readonly string[]) => {
  const { code, out } = await cli.run(['doctor', '--json', ...args], { env: { HOLDFAST_PORT: '0', ...env } })
  const { checks, worst } = JSON.parse(out) as { checks: readonly Found[]; worst: string }
  const of = (name: string): Found | undefined => checks.find((check) => check.name === name)
  // The page may or may not be built where the tests run.
  const without = checks.filter(({ name, state }) => state !== 'pass' && name !== 'page')
  return { code, worst, checks, of, bad: without.map(({ name, state }) => `${name}: ${state}`), out }
}

test('works before the first start, and changes nothing', async () => {
  const { bad, of } = await doctor()
  expect(bad).toEqual([])
  expect(of('data folder')?.detail).toMatch(/first start makes it/)
  expect(existsSync(join(cli.dir, 'data'))).toBe(false)
})

test('with a running server it opens the WebSocket', async () => {
  const { url } = await cli.serve()
  const { bad, of } = await doctor()
  expect(bad).toEqual([])
  expect(of('server')?.detail).toBe(`${url} answers, and so does its WebSocket`)
  expect(of('port')?.detail).toMatch(/served by process/)
})

test('wrong configuration is a finding that names the key: exit 2, and no other check guesses', async () => {
  const { code, checks } = await doctor({ HOLDFAST_PORT: 'x', OPENAI_API_KEY: '${KEY}' })
  expect(code).toBe(2)
  expect(checks).toHaveLength(1)
  expect(checks[0]?.detail).toMatch(/HOLDFAST_PORT[\s\S]*OPENAI_API_KEY/)
})

test('a taken port: a warning when another one would do, exit 1, else wrong, exit 2', async () => {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
  closers.push(() => server.close())
  const { code, of } = await doctor({ HOLDFAST_PORT: String(port) })
  expect(code).toBe(2)
  expect(of('port')).toMatchObject({ state: 'fail', detail: `${port} is taken by another program` })
})

test.each([
  [401, 'upstream_unauthorized', /OPENAI_API_KEY/],
  [404, 'upstream', /\/v1/],
  [500, 'upstream', /./],
])('a model server that answers %i: exit 2, and what to do; no secret is shown', async (status, code, fix) => {
  const server = createHttp((_, res) => void res.writeHead(status).end('{}'))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  closers.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const env = { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'sk-canary-0123456789abcdef' }
  const found = await doctor(env)
  expect(found.code).toBe(2)
  expect(found.of('agent')?.detail).toContain(code)
  expect(found.of('agent')?.fix).toMatch(fix)
  expect(found.out).not.toContain('canary')
})

test('a model server that is not there: exit 2', async () => {
  const { code, of } = await doctor({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })
  expect(code).toBe(2)
  expect(of('agent')?.detail).toContain('upstream_unreachable')
})

test('a model server that lists models is named with them', async () => {
  const server = createHttp((_, res) => void res.end(JSON.stringify({ data: [{ id: 'small' }, { id: 'big' }] })))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  closers.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const { of } = await doctor({ OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` })
  expect(of('agent')).toMatchObject({ state: 'pass', detail: `127.0.0.1:${port}: small and 1 more` })
})

test('a data folder that others can look into is a warning with the command that closes it', async () => {
  mkdirSync(join(cli.dir, 'data'))
  chmodSync(join(cli.dir, 'data'), 0o755)
  const { bad, of } = await doctor()
  expect(bad).toEqual(['data folder: warn'])
  expect(of('data folder')?.fix).toMatch(/^chmod 700/)
})

test('other machines over plain HTTP: a warning', async () => {
  const { of } = await doctor({ HOLDFAST_HOST: '0.0.0.0', HOLDFAST_ALLOWED_HOSTS: 'chat.example' })
  expect(of('address')).toMatchObject({ state: 'warn', fix: expect.stringMatching(/TLS/) as string })
})

test('for people: a mark and a line a check, and what to do below', async () => {
  const { out } = await cli.run(['doctor'], { env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', HOLDFAST_PORT: '0' } })
  expect(out).toMatch(/✓ program {2}Holdfast/)
  expect(out).toMatch(/✗ agent .*\n {2}→ /)
})
