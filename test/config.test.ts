import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig, type ConfigSources } from '../src/config.ts'
import { ConfigError } from '../src/config/config-error.ts'
import { flagOf, keyNames, keyOf } from '../src/config/keys.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'holdfast-config-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const read = (sources: ConfigSources = {}) =>
  readConfig({ cwd: dir, ...sources, env: { HOLDFAST_DATA: dir, ...sources.env } })
const write = (values: unknown, name = 'holdfast.json'): string => {
  const file = join(dir, name)
  writeFileSync(file, typeof values === 'string' ? values : JSON.stringify(values))
  return file
}
const refused = (sources: ConfigSources = {}): ConfigError => {
  try {
    read(sources)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was taken')
}

describe('where a value comes from', () => {
  test('flags win over the environment, the environment over the file, the file over the default', () => {
    write({ port: 1001 })
    expect(read().config.port).toBe(1001)
    expect(read().origins.port).toEqual({ source: 'file', name: join(dir, 'holdfast.json') })
    const env = { HOLDFAST_PORT: '1002' }
    expect(read({ env }).config.port).toBe(1002)
    expect(read({ env }).origins.port).toEqual({ source: 'environment', name: 'HOLDFAST_PORT' })
    expect(read({ env, flags: { port: '1003' } }).config.port).toBe(1003)
    expect(read({ env, flags: { port: '1003' } }).origins.port).toEqual({ source: 'flag', name: '--port' })
    rmSync(join(dir, 'holdfast.json'))
    expect(read().config.port).toBe(8080)
    expect(read().origins.port.source).toBe('default')
  })

  test('every key: default fits its own type, has help, a flag and a variable, and none is there twice', () => {
    const wrong = keyNames.filter((name) => {
      const { type, default: fallback, help, env } = keyOf(name)
      return !type.safeParse(fallback).success || help.length < 10 || env.length === 0
    })
    expect(wrong).toEqual([])
    const variables = keyNames.flatMap((name) => keyOf(name).env)
    expect(new Set(variables).size).toBe(variables.length)
    expect(new Set(keyNames.map(flagOf)).size).toBe(keyNames.length)
  })

  test('the names that are fixed from the start', () => {
    const env = {
      HOLDFAST_HOST: '0.0.0.0',
      PORT: '3000',
      HOLDFAST_DATABASE: 'x.db',
      ANTHROPIC_API_KEY: 'a',
      OPENAI_API_KEY: 'o',
      OPENAI_BASE_URL: 'http://127.0.0.1:1234/v1',
    }
    expect(read({ env }).config).toMatchObject({
      data: dir,
      host: '0.0.0.0',
      port: 3000,
      database: join(dir, 'x.db'),
      anthropic_api_key: 'a',
      openai_api_key: 'o',
      openai_base_url: 'http://127.0.0.1:1234/v1',
    })
    expect(read({ env: { ...env, HOLDFAST_PORT: '3001' } }).config.port).toBe(3001)
    expect(read().config).toMatchObject({ host: '127.0.0.1', port: 8080, database: join(dir, 'holdfast.db') })
    expect(readConfig({ env: {}, cwd: dir, flags: { config: write({}) } }).config.data).toBe(
      join(homedir(), '.holdfast'),
    )
  })

  test('an empty variable counts as not set', () => {
    expect(read({ env: { HOLDFAST_PORT: '', OPENAI_API_KEY: '' } }).config).toMatchObject({
      port: 8080,
      openai_api_key: '',
    })
  })

  test('lists: commas in text, an array in the file', () => {
    expect(read({ flags: { 'allowed-hosts': 'a.example, b.example:81' } }).config.allowed_hosts).toEqual([
      'a.example',
      'b.example:81',
    ])
    write({ allowed_hosts: ['c.example'] })
    expect(read().config.allowed_hosts).toEqual(['c.example'])
  })

  test('a path in a file is relative to the file, elsewhere to the working folder', () => {
    mkdirSync(join(dir, 'etc'))
    const file = write({ database: 'j.db', data: '../data' }, 'etc/h.json')
    const { config } = readConfig({ cwd: '/', env: {}, flags: { config: file } })
    expect(config).toMatchObject({ database: join(dir, 'etc', 'j.db'), data: join(dir, 'data') })
    expect(read({ flags: { database: 'k.db' } }).config.database).toBe(join(dir, 'k.db'))
    expect(read({ flags: { database: '~/k.db' } }).config.database).toBe(join(homedir(), 'k.db'))
  })
})

describe('what is refused, with the key, the place and what to do', () => {
  test.each([
    [
      'a value of the wrong type',
      { env: { HOLDFAST_PORT: 'eighty' } },
      'HOLDFAST_PORT',
      'environment',
      /whole number from 0 to 65535, not "eighty"/,
    ],
    ['a number out of its range', { flags: { port: '70000' } }, '--port', 'command line', /from 0 to 65535/],
    ['a number with a fraction', { flags: { 'drain-ms': '1.5' } }, '--drain-ms', 'command line', /whole number/],
    [
      'an unknown choice',
      { env: { HOLDFAST_DURABILITY: 'full' } },
      'HOLDFAST_DURABILITY',
      'environment',
      /one of strict, relaxed/,
    ],
    [
      'a misspelt variable',
      { env: { HOLDFAST_PROT: '1' } },
      'HOLDFAST_PROT',
      'environment',
      /did you mean HOLDFAST_PORT/,
    ],
    [
      'a variable that nobody replaced',
      { env: { OPENAI_API_KEY: '${MY_KEY}' } },
      'OPENAI_API_KEY',
      'environment',
      /\$\{MY_KEY\}/,
    ],
    [
      'what Kubernetes makes of a Service of this name',
      { env: { HOLDFAST_PORT: 'tcp://10.0.0.7:8080' } },
      'HOLDFAST_PORT',
      'environment',
      /enableServiceLinks/,
    ],
    [
      'a base URL with a password in it',
      { env: { OPENAI_BASE_URL: 'http://u:p@h/v1' } },
      'OPENAI_BASE_URL',
      'environment',
      /http/,
    ],
    [
      'a base URL that is none',
      { env: { OPENAI_BASE_URL: 'localhost:1234' } },
      'OPENAI_BASE_URL',
      'environment',
      /http/,
    ],
    [
      'PostgreSQL, which is not there yet',
      { env: { HOLDFAST_DATABASE: 'postgres://h/db' } },
      'HOLDFAST_DATABASE',
      'environment',
      /SQLite/,
    ],
    [
      'an origin with a path',
      { flags: { 'allowed-origins': 'https://a.example/x' } },
      '--allowed-origins',
      'command line',
      /origins/,
    ],
  ] satisfies [string, ConfigSources, string, string, RegExp][])('%s', (_, sources, key, source, message) => {
    const error = refused(sources)
    expect(error.exitCode).toBe(78)
    expect(error.problems).toEqual([{ key, source, message: expect.stringMatching(message) as string }])
  })

  test.each([
    ['an unknown key', { prot: 1 }, 'prot', /did you mean port/],
    ['a wrong type', { port: true }, 'port', /whole number/],
    ['a null', { host: null }, 'host', /must be/],
    [
      'a variable that nobody replaces',
      { openai_api_key: '${OPENAI_API_KEY}' },
      'openai_api_key',
      /set OPENAI_API_KEY in the environment/,
    ],
    ['no object', [1], 'the file', /one JSON object/],
    ['no JSON', '{"port": 1', 'the file', /not valid JSON/],
  ])('in the file: %s', (_, values, key, message) => {
    const file = write(values)
    expect(refused().problems).toEqual([{ key, source: file, message: expect.stringMatching(message) as string }])
  })

  test('everything that is wrong is told at once', () => {
    write({ prot: 1, host: 7 })
    expect(refused({ env: { HOLDFAST_PORT: 'x' } }).problems.map(({ key }) => key)).toEqual([
      'prot',
      'host',
      'HOLDFAST_PORT',
    ])
  })

  test('a file that was asked for must be there', () => {
    expect(refused({ flags: { config: 'none.json' } }).message).toMatch(/none\.json.*ENOENT/)
  })

  test('a file in the data folder cannot name another data folder', () => {
    write({ data: '/elsewhere' })
    expect(refused().message).toMatch(/--config/)
  })

  test('[S11] no message shows a secret, nor what stands in a broken file', () => {
    const secret = 'sk-canary-0123456789'
    write({ key: 7, openai_api_key: [secret] })
    expect(refused().message).not.toContain(secret)
    write(`{"openai_api_key": "${secret}"`)
    expect(refused().message).not.toContain('canary')
  })

  test('[S43] nothing is expanded, and nothing of the file reaches a prototype', () => {
    write('{"__proto__": {"port": 1}, "constructor": 1}')
    expect(refused().problems.map(({ key }) => key)).toEqual(['__proto__', 'constructor'])
    expect(({} as { port?: number }).port).toBeUndefined()
  })

  test('the switches of our tests and the variables that Kubernetes makes are no settings', () => {
    const env = {
      HOLDFAST_TEST_LOG: 'debug',
      HOLDFAST_SERVICE_HOST: '10.0.0.1',
      HOLDFAST_PORT_8080_TCP_ADDR: '10.0.0.1',
    }
    expect(read({ env }).config.port).toBe(8080)
  })
})
