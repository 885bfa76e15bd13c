import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from './tools/until.ts'

const root = join(import.meta.dirname, '..')
// It installs everything anew, which takes a minute and the network.
const wanted = process.env['CI'] !== undefined
if (!wanted) console.warn('skipped: the launcher in a fresh clone; set CI=true to run it')

/** What somebody has who never heard of us: the Node and npm of the machine, and none of ours. */
const newcomer = (home: string): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      (pair): pair is [string, string] => pair[1] !== undefined && !/^(npm_|CI$|VITEST|NODE_|HOLDFAST_)/i.test(pair[0]),
    ),
  ),
  PATH: (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((part) => !part.includes('node_modules') && !part.includes('node-gyp-bin'))
    .join(delimiter),
  HOLDFAST_DATA: join(home, 'data'),
})

describe.skipIf(!wanted)('two commands in a fresh clone', () => {
  let dir: string
  let clone: string
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'holdfast-clone-'))
    clone = join(dir, 'clone')
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone])
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  /** `npm start` until it greets; resolves with what was seen. */
  const start = async (...args: readonly string[]) => {
    const child = spawn('npm', ['start', '--', '--port', '0', '--json', ...args], { cwd: clone, env: newcomer(dir) })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (data: string) => (out += data))
    child.stderr.setEncoding('utf8').on('data', (data: string) => (err += data))
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    try {
      await until(() => /^\{.*\}$/m.test(out) || child.exitCode !== null, 'the greeting', 280_000)
      const greeting = JSON.parse(/^\{.*\}$/m.exec(out)?.[0] ?? '{}') as { url?: string; pid?: number }
      const page = await fetch(`${greeting.url}/`)
      const html = await page.text()
      child.kill('SIGTERM')
      await ended
      await until(() => !existsSync(join(dir, 'data', 'server.json')), 'the end of the gateway')
      return { err, status: page.status, html }
    } finally {
      child.kill('SIGKILL')
    }
  }

  test(
    'npm start installs, builds and serves; SIGTERM reaches the gateway through npm',
    { timeout: 300_000 },
    async () => {
      const { err, status, html } = await start()
      expect(err).toMatch(/Installing the locked dependencies[\s\S]*done in/)
      expect(err).not.toMatch(/npm warn (EBADENGINE|install-scripts|deprecated)/i)
      if (existsSync(join(root, 'web', 'index.html'))) {
        expect(err).toContain('Building the page')
        expect(status).toBe(200)
        expect(html).toContain('<!doctype html>')
      }
    },
  )

  test(
    'the second time there is nothing to do, and a change of the page is noticed',
    { timeout: 120_000 },
    async () => {
      const again = await start()
      expect(again.err).not.toMatch(/Installing|Building|Fetching/)
      const file = join(clone, 'web', 'index.html')
      writeFileSync(file, `${readFileSync(file, 'utf8')}<!-- changed -->\n`)
      expect((await start()).err).toContain('Building the page')
    },
  )

  test('npm test does the same set-up and sums up in its last line', { timeout: 120_000 }, () => {
    const out = execFileSync('npm', ['test', '--', 'test/config.test.ts'], {
      cwd: clone,
      env: newcomer(dir),
      encoding: 'utf8',
    })
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^\d+ passed, 0 failed, 0 skipped$/)
  })

  test('npx holdfast is the command line of a clone', { timeout: 60_000 }, () => {
    const run = (...args: readonly string[]): string =>
      execFileSync('npx', ['holdfast', ...args], { cwd: clone, env: newcomer(dir), encoding: 'utf8' })
    expect(run('--version')).toMatch(/^\d+\.\d+\.\d+\n$/)
    const made = JSON.parse(run('keys', 'create', '--name', 'n', '--json')) as object
    expect(Object.keys(made)).toEqual(['id', 'key', 'prefix'])
  })
})
