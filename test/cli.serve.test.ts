import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openCli, type Cli } from './tools/cli.ts'
import { until } from './tools/until.ts'

let cli: Cli
beforeEach(() => {
  cli = openCli()
})
afterEach(() => cli.close())

/** Occupies a port until the returned function is called. */
const occupy = async (port: number): Promise<{ readonly port: number; readonly free: () => Promise<void> }> => {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    free: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

/** Starts, reads what people see until `sign` is there, and stops. */
const greeting = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> => {
  const ran = cli.run(['serve', '--demo-pace-ms', '1', ...args], { env })
  const file = join(cli.dir, 'data', 'server.json')
  await until(() => existsSync(file), 'server.json', 20_000)
  process.kill((JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid, 'SIGTERM')
  const { out, code, err } = await ran
  expect(err).not.toMatch(/^holdfast:/m)
  expect(code).toBe(0)
  return out
}

describe('the greeting', () => {
  test('[S6] [S10] the address signs a browser in once; the first key is shown once and kept in a 0600 file', async () => {
    const { url, open, key } = await cli.serve()
    expect(key).toMatch(/^hf_/)
    const file = join(cli.dir, 'data', 'key')
    expect(readFileSync(file, 'utf8')).toBe(`${key}\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const signedIn = await fetch(open, { redirect: 'manual' })
    expect(signedIn.status).toBe(303)
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect((await fetch(`${url}/v1/me`, { headers: { cookie } })).status).toBe(200)
    expect((await fetch(open, { redirect: 'manual' })).status).toBe(401)
  })

  test('for people: address, key, agent, how to talk to a real model; the key only the first time', async () => {
    const first = await greeting(['--port', '0'])
    expect(first).toMatch(/Open +http:\/\/127\.0\.0\.1:\d+\/\?ticket=hft_/)
    expect(first).toMatch(/Key +hf_/)
    expect(first).toMatch(/Agent +demo agent: scripted, no model/)
    expect(first).toContain('OPENAI_BASE_URL=')
    const second = await greeting(['--port', '0'])
    expect(second).not.toMatch(/hf_[\w-]{20}/)
    expect(second).toMatch(/Key +in .*\/key/)
  })

  test('a real model is named, and the demo hints are gone', async () => {
    const out = await greeting(['--port', '0'], { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })
    expect(out).toMatch(/Agent +127\.0\.0\.1:9/)
    expect(out).not.toContain('demo agent')
  })

  test('link prints another address while it runs', async () => {
    await cli.serve()
    const address = (await cli.out(['link'])).trim()
    expect((await fetch(address, { redirect: 'manual' })).status).toBe(303)
  })
})

describe('the port', () => {
  test('one that was asked for and is taken is said, exit 69', async () => {
    const { port, free } = await occupy(0)
    for (const [args, env] of [
      [['--port', String(port)], {}],
      [[], { HOLDFAST_PORT: String(port) }],
      [[], { PORT: String(port) }],
    ] as const) {
      const { code, err } = await cli.run(['serve', ...args], { env })
      expect(err).toMatch(new RegExp(`Port ${port} is taken .*(--port|PORT) asked`))
      expect(code).toBe(69)
    }
    await free()
  })

  test('when none was asked for, the next free one is used, and it is said', async () => {
    const taken = await occupy(8080).catch(() => undefined)
    const out = await greeting([])
    await taken?.free()
    expect(out).toMatch(/Port 8080 is taken/)
    expect(out).not.toMatch(/127\.0\.0\.1:8080/)
  })
})

describe('what it refuses to start with', () => {
  test('[S5] other machines could connect and there is no key: exit 78, and no key is made in passing', async () => {
    for (let i = 0; i < 2; i++) {
      const { code, err } = await cli.run(['serve', '--port', '0'], { env: { HOLDFAST_HOST: '0.0.0.0' } })
      expect(code).toBe(78)
      expect(err).toMatch(/no key exists.*npx holdfast keys create/)
    }
    await cli.out(['keys', 'create', '--name', 'mine'])
    const { url, key } = await cli.serve([], { HOLDFAST_HOST: '0.0.0.0' })
    expect(url).toMatch(/127\.0\.0\.1/)
    expect(key).toBe('')
  })

  test('[S7] a key that can be guessed: exit 78, and it is not shown', async () => {
    const { code, err } = await cli.run(['serve', '--port', '0'], { env: { HOLDFAST_KEY: 'changeme' } })
    expect(code).toBe(78)
    expect(err).toMatch(/guessed/)
    expect(err).not.toContain('changeme')
  })

  test('a data folder that is in use: exit 69, and the first one is not disturbed', async () => {
    const { url } = await cli.serve()
    const { code, err } = await cli.run(['serve', '--port', '0'])
    expect(code).toBe(69)
    expect(err).toMatch(/another Holdfast/)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(existsSync(join(cli.dir, 'data', 'server.json'))).toBe(true)
  })

  test('an agent without a server: exit 78', async () => {
    const { code, err } = await cli.run(['serve', '--port', '0', '--agent', 'openai-compatible'])
    expect(code).toBe(78)
    expect(err).toMatch(/OPENAI_BASE_URL/)
  })
})

describe('stopping', () => {
  test('SIGTERM drains: exit 0, and nothing is left that says it runs', async () => {
    const served = await cli.serve()
    expect((await fetch(`${served.url}/livez`)).status).toBe(200)
    served.process.kill('SIGTERM')
    expect(await served.ended).toBe(0)
    expect(existsSync(join(cli.dir, 'data', 'server.json'))).toBe(false)
    expect((await cli.run(['sessions'])).code).toBe(69)
  })

  test('a turn that runs gets its time, and a second signal later stops at once', async () => {
    const served = await cli.serve(['--drain-ms', '60000', '--demo-pace-ms', '1000'])
    const chat = cli.run(['chat'], { input: 'count to 1000\n' })
    await until(() => /"msg":"socket opened"/.test(served.log()), 'the chat')
    await until(() => existsSync(join(cli.dir, 'data', 'server.json')))
    const running = async (): Promise<boolean> => (await cli.out(['sessions', '--json'])).includes('"status":"running"')
    for (let i = 0; i < 100 && !(await running()); i++);
    served.process.kill('SIGTERM')
    await until(() => served.log().includes('Stopping: 1 turn'), 'the word that it stops')
    const second = setInterval(() => served.process.kill('SIGTERM'), 100)
    expect(await served.ended).toBe(143)
    clearInterval(second)
    // Nothing is lost by that: the next start ends the turn, and the chat learns of it.
    void chat
  })

  test('after kill -9 it starts again on the same folder', async () => {
    const served = await cli.serve()
    served.process.kill('SIGKILL')
    await served.ended
    expect((await cli.run(['sessions'])).code).toBe(69)
    const again = await cli.serve()
    expect(again.key).toBe('')
    expect(await cli.out(['sessions', '--json'])).toBe('')
  })
})

test('[S11] the log is JSON lines with request ids, and holds no key and no ticket', async () => {
  const { url, open, key, log } = await cli.serve()
  await fetch(open, { redirect: 'manual' })
  await fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${key}` } })
  await fetch(`${url}/v1/me?token=${key}`, { headers: { 'x-api-key': `${key}x` } })
  await until(() => log().split('"msg":"request"').length > 3, 'the log')
  const lines = log().trim().split('\n')
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty('time')
  expect(lines.filter((line) => line.includes('"request_id"')).length).toBeGreaterThan(2)
  expect(log()).not.toContain(key.slice(3))
  expect(log()).not.toContain(new URL(open).searchParams.get('ticket')?.slice(4))
})
