import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'holdfast-package-'))
// npm runs "node" by name: it must find the one that runs this.
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }
const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

describe('the package, as somebody installs it', () => {
  beforeAll(() => {
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: root,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { filename } = (
      JSON.parse(packed.slice(packed.indexOf('['))) as readonly { readonly filename: string }[]
    )[0] ?? { filename: '' }
    writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
    run('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, filename))
  }, 120_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('has every entry that it names', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly exports: Record<string, unknown>
    }
    const names = Object.keys(exports).map((name) => `holdfast${name.slice(1).replace('*', 'cursor')}`)
    const code = `for (const name of ${JSON.stringify(names)}) console.log(name, Object.keys(await import(name)).length > 0)`
    const lines = run(process.execPath, '--input-type=module', '-e', code).trim().split('\n')
    expect(lines).toEqual(names.map((name) => `${name} true`))
  })

  it('says its version, and serves: the worker threads and the page are where they should be', async () => {
    const bin = join(folder, 'node_modules/.bin/holdfast')
    expect(run(bin, '--version')).toContain('0.1.0')
    const server = spawn(bin, ['serve', '--data', join(folder, 'data'), '--port', '0', '--json'], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const [line] = (await once(server.stdout, 'data')) as [Buffer]
      const { open } = JSON.parse(String(line)) as { readonly open: string }
      const signedIn = await fetch(open, { redirect: 'manual' })
      expect(signedIn.status).toBe(303)
      const page = await fetch(new URL('/', open), {
        headers: { cookie: signedIn.headers.get('set-cookie')?.split(';')[0] ?? '' },
      })
      expect(page.status).toBe(200)
      expect(await page.text()).toContain('<script type="module"')
    } finally {
      server.kill('SIGTERM')
      await once(server, 'exit')
    }
  })
})
