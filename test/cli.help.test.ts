import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../src/cli/commands.ts'
import { keyNames } from '../src/config/keys.ts'
import { openCli, type Cli } from './tools/cli.ts'

let cli: Cli
beforeAll(() => {
  cli = openCli()
})
afterAll(() => cli.close())

describe('help that teaches', () => {
  test('the overview names every command and how to begin', async () => {
    const out = await cli.out(['--help'])
    for (const { name, summary } of commands) expect(out).toContain(`\n  ${name.padEnd(8)}  ${summary}`)
    expect(out).toContain('$ npx holdfast chat')
    expect(await cli.out(['help'])).toBe(out)
  })

  test.each(commands.map(({ name }) => name))('%s: usage, an example that runs it, and its flags', async (name) => {
    const out = await cli.out([name, '--help'])
    const command = commands.find((one) => one.name === name)
    expect(out).toMatch(/\nUsage\n +npx holdfast /)
    expect(out).toMatch(/\nExamples\n/)
    expect(out).toMatch(/\$ .*holdfast/)
    for (const option of Object.keys(command?.options ?? {})) expect(out).toContain(`--${option}`)
    expect(await cli.out(['help', name])).toBe(out)
  })

  test('nothing is coloured where the output is no terminal', async () => {
    expect(await cli.out(['--help'], { env: { NO_COLOR: '' } })).not.toContain('\u001B')
  })

  test('--version is one line', async () => {
    expect(await cli.out(['--version'])).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('exit codes of sysexits.h, each with a message that says what to do', () => {
  test.each<[string, readonly string[], number, RegExp]>([
    ['an unknown command', ['sesions'], 64, /did you mean "sessions"/],
    ['an unknown flag', ['tail', 'x', '--form', '1'], 64, /did you mean --from/],
    ['a setting of the server', ['chat', '--port', '1'], 64, /for the server/],
    ['a flag without its value', ['tail', 'x', '--from'], 64, /--from.*tail --help/],
    ['too many arguments', ['serve', 'now'], 64, /flags only/],
    ['no session', ['tail'], 64, /one session/],
    ['no event number', ['tail', 'x', '--from', '-1'], 64, /--from/],
    ['a key without a name', ['keys', 'create'], 64, /needs a name/],
    ['an unknown role', ['keys', 'create', '--name', 'n', '--role', 'king'], 64, /owner, editor, viewer/],
    ['an unknown action', ['keys', 'destroy'], 64, /keys --help/],
    ['revoking what is not there', ['keys', 'revoke', 'abc'], 66, /keys list/],
    ['no server', ['sessions'], 69, /No server runs.*Start one with/],
    ['a server that does not answer', ['sessions', '--url', 'http://127.0.0.1:9'], 77, /No key/],
    ['a wrong address', ['sessions', '--url', 'localhost:80'], 64, /http:\/\/127/],
    ['a journal that is not there', ['verify', 'none.db'], 74, /no file/],
    ['a backup of nothing', ['backup', 'b.db'], 66, /no journal/],
    ['a backup without a file', ['backup'], 64, /file to write/],
    ['a bad value', ['serve', '--port', 'x'], 78, /--port.*whole number/],
    ['a file that is not there', ['config', '--config', 'none.json'], 78, /ENOENT/],
  ])('%s', async (_, args, code, message) => {
    const ran = await cli.run(args)
    expect(ran.err).toMatch(message)
    expect(ran.err).toMatch(/^holdfast: /)
    expect(ran.code).toBe(code)
    expect(ran.out).toBe('')
  })
})

describe('holdfast config', () => {
  const env = { OPENAI_API_KEY: 'sk-canary-000', HOLDFAST_PORT: '9000', HOLDFAST_KEY: 'canary-'.padEnd(40, 'x9Q') }

  test('every key with value, source, default and help; secrets are not shown', async () => {
    const out = await cli.out(['config'], { env })
    for (const name of keyNames) expect(out).toMatch(new RegExp(`\\n${name} = `))
    expect(out).toContain('port = 9000  (HOLDFAST_PORT)')
    expect(out).toContain('host = 127.0.0.1  (default)')
    expect(out).not.toContain('canary')
  })

  test('--json is one object', async () => {
    const out = await cli.out(['config', '--json', '--host', 'localhost'], { env })
    expect(out).not.toContain('canary')
    const shown = JSON.parse(out) as Record<string, object>
    expect(Object.keys(shown)).toEqual([...keyNames])
    expect(shown['port']).toMatchObject({ value: 9000, source: 'environment', from: 'HOLDFAST_PORT', default: 8080 })
    expect(shown['host']).toMatchObject({ value: 'localhost', source: 'flag', from: '--host' })
    expect(shown['openai_api_key']).toMatchObject({ value: '(set, not shown)' })
  })
})
