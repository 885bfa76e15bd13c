import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { demoText } from '../src/agents/demo/demo-agent.ts'
import { cliFile, openCli, type Cli } from './tools/cli.ts'
import { until } from './tools/until.ts'

let cli: Cli
beforeEach(() => {
  cli = openCli()
})
afterEach(() => cli.close())

describe('without a terminal', () => {
  test('every line is a prompt, the output is the answers and nothing else', async () => {
    await cli.serve()
    const { code, out, err } = await cli.run(['chat'], { input: 'hello\n\ncount to 50\n' })
    expect(out).toBe(`${demoText('hello')}\n${demoText('count to 50')}\n`)
    expect(err).toMatch(/^session [\w-]+\n$/)
    expect(code).toBe(0)
  })

  test('a session is taken up again by its id', async () => {
    await cli.serve()
    const { err } = await cli.run(['chat'], { input: 'hello\n' })
    const id = err.trim().slice('session '.length)
    expect(await cli.out(['chat', id], { input: 'count to 3\n' })).toBe(`${demoText('count to 3')}\n`)
    expect(await cli.out(['sessions', '--json'])).toMatch(/"turns":2/)
  })

  test('a turn that fails: what was said, why, exit 69', async () => {
    await cli.serve()
    const { code, out, err } = await cli.run(['chat'], { input: 'fail\n' })
    expect(out).toContain('I encountered an error')
    expect(err).toMatch(/the turn ended as failed/)
    expect(code).toBe(69)
  })

  test('a question that nobody can answer here is told with how to answer it: exit 75', async () => {
    await cli.serve()
    const { code, err } = await cli.run(['chat'], { input: 'write a file\n' })
    expect(err).toMatch(/The agent asks: .*holdfast chat \w+/)
    expect(code).toBe(75)
  })

  test('a session that is not there: exit 66', async () => {
    await cli.serve()
    expect((await cli.run(['chat', 'nothing'])).code).toBe(66)
  })

  test('kill -9 of the server in mid-answer: the chat goes on with the next one, nothing doubled or lost', async () => {
    const first = await cli.serve(['--demo-pace-ms', '20'])
    const { port } = new URL(first.url)
    const chat = cli.run(['chat', '--url', first.url], { input: 'count to 100\n' })
    await until(() => /"msg":"socket opened"/.test(first.log()), 'the chat')
    let state = ''
    while (!state.includes('"status":"running"')) state = await cli.out(['sessions', '--json'])
    first.process.kill('SIGKILL')
    await first.ended
    await cli.serve(['--port', port])
    const { out, err, code } = await chat
    expect(demoText('count to 100').startsWith(out.trimEnd())).toBe(true)
    expect(err).toMatch(/connection lost[\s\S]*connected again/)
    expect(err).toMatch(/interrupted/)
    expect(code).toBe(69)
    const id = /session (\S+)/.exec(err)?.[1] ?? ''
    expect(await cli.out(['sessions', 'show', id])).toContain(out.trimEnd())
  })
})

/** util-linux's `script` gives a program a terminal. */
const noTerminal = spawnSync('script', ['--version']).status !== 0
if (noTerminal && process.env['CI'] === undefined)
  console.warn('skipped: the chat in a terminal; "script" (util-linux) is missing')

describe.skipIf(noTerminal && process.env['CI'] === undefined)('in a terminal', () => {
  /** The chat as a person has it: types when something is seen. */
  const open = (args: readonly string[]) => {
    const command = [process.execPath, cliFile, 'chat', ...args].map((part) => `'${part}'`).join(' ')
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: {
        PATH: process.env['PATH'],
        HOME: cli.dir,
        HOLDFAST_DATA: join(cli.dir, 'data'),
        TERM: 'xterm',
        NO_COLOR: '1',
      },
    })
    let [seen, from] = ['', 0]
    child.stdout.setEncoding('utf8').on('data', (data: string) => (seen += data))
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    return {
      see: async (pattern: RegExp): Promise<string> => {
        await until(() => pattern.test(seen.slice(from)), `${pattern} in ${JSON.stringify(seen.slice(from))}`)
        const text = seen.slice(from)
        from += (pattern.exec(text)?.index ?? 0) + (pattern.exec(text)?.[0].length ?? 0)
        return text
      },
      type: (text: string) => void child.stdin.write(text),
      all: () => seen,
      ended,
    }
  }

  test('streams, asks, is answered by a key, is stopped by Esc, left by Ctrl-C and taken up again', async () => {
    await cli.serve(['--demo-pace-ms', '5'])
    const one = open([])
    await one.see(/session (\w+) · demo · websocket/)
    const id = /session (\w+)/.exec(one.all())?.[1] ?? ''
    await one.see(/› /)
    one.type('hello\r')
    await one.see(/How can I help you today\?[\s\S]*› /)
    one.type('write a file\r')
    await one.see(/1 Allow once[\s\S]*3 Deny[\s\S]*› /)
    one.type('1')
    await one.see(/answered: Allow once[\s\S]*completed[\s\S]*version 1[\s\S]*› /)
    one.type('count to 5000\r')
    await one.see(/\b12\b/)
    one.type('\u001B')
    await one.see(/stopped[\s\S]*› /)
    one.type('count to 5000\r')
    await one.see(/\b12\b/)
    one.type('\u0003')
    await one.see(new RegExp(`The answer goes on without you. Take it up again: npx holdfast chat ${id}`))
    expect(await one.ended).toBe(0)
    const two = open([id])
    await two.see(/› count to 5000[\s\S]*\b12\b/)
    two.type('\u001B')
    await two.see(/stopped[\s\S]*› /)
    two.type('\u0004')
    await two.see(/Take it up again/)
    expect(await two.ended).toBe(0)
  })

  test('what was typed while it streamed is kept, queued and shown', async () => {
    await cli.serve(['--demo-pace-ms', '5'])
    const chat = open([])
    await chat.see(/› /)
    chat.type('count to 60\r')
    await chat.see(/\b12\b/)
    chat.type('hello\r')
    await chat.see(/› hello[\s\S]*How can I help you today\?[\s\S]*› /)
    chat.type('/quit\r')
    expect(await chat.ended).toBe(0)
  })

  test('escape sequences in what others say do nothing to the terminal', async () => {
    const { url, key } = await cli.serve()
    const chat = open([])
    await chat.see(/session (\w+)[\s\S]*› /)
    const id = /session (\w+)/.exec(chat.all())?.[1] ?? ''
    await fetch(`${url}/v1/sessions/${id}/commands`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'prompt', data: { text: 'look: \u001B]0;owned\u0007 \u009B31m' } }),
    })
    await chat.see(/› look: \uFFFD\]0;owned\uFFFD \uFFFD31m[\s\S]*› /)
    chat.type('/quit\r')
    await chat.ended
    expect(chat.all()).not.toContain('\u001B]0;')
  })
})
