import { copyFileSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openCli, type Cli } from './tools/cli.ts'

let cli: Cli
beforeEach(() => {
  cli = openCli()
})
afterEach(() => cli.close())

const database = (): string => join(cli.dir, 'data', 'holdfast.db')
const ids = async (): Promise<readonly string[]> =>
  (await cli.out(['sessions', '--json']))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: string }).id)

/** A server with one session in it. */
const withSession = async (text = 'hello') => {
  const served = await cli.serve()
  await cli.out(['chat'], { input: `${text}\n` })
  const [id = ''] = await ids()
  return { ...served, id }
}

describe('backup and verify', () => {
  test('while the server runs, and after it: the copy is whole, and no half copy is left', async () => {
    const { process: server, ended } = await withSession()
    const running = JSON.parse(await cli.out(['backup', 'one.db', '--json'])) as { sessions: number; messages: number }
    expect(running).toMatchObject({ sessions: 1, messages: 2, problems: [] })
    server.kill('SIGTERM')
    await ended
    const stopped = JSON.parse(await cli.out(['backup', 'two.db', '--json'])) as object
    expect(stopped).toMatchObject({ sessions: 1, messages: 2, problems: [] })
    expect(
      readdirSync(cli.dir)
        .filter((name) => name.includes('.db'))
        .toSorted(),
    ).toEqual(['one.db', 'two.db'])
    expect(await cli.out(['verify', 'one.db'])).toMatch(/1 sessions, .*\nEvery row is as it was written/)
    expect(readdirSync(join(cli.dir, 'data')).filter((name) => name.startsWith('backup-'))).toEqual([])
  })

  test('a file that is there is not replaced without --force: exit 73', async () => {
    await withSession()
    await cli.out(['backup', 'one.db'])
    const { code, err } = await cli.run(['backup', 'one.db'])
    expect(err).toMatch(/--force/)
    expect(code).toBe(73)
    await cli.out(['backup', 'one.db', '--force'])
    expect((await cli.run(['backup', 'none/one.db'])).code).toBe(73)
  })

  test('a restored backup is served, and says that it is one', async () => {
    const { process: server, ended, id } = await withSession()
    await cli.out(['backup', 'one.db'])
    server.kill('SIGKILL')
    await ended
    for (const name of ['', '-wal', '-shm']) rmSync(`${database()}${name}`, { force: true })
    copyFileSync(join(cli.dir, 'one.db'), database())
    await cli.serve()
    expect(await ids()).toEqual([id])
    expect(await cli.out(['sessions', 'show', id])).toContain('Hello! How can I help you today?')
  })

  test('damage is found: exit 65, and the kind and session of it', async () => {
    const { process: server, ended, id } = await withSession()
    server.kill('SIGTERM')
    await ended
    expect((await cli.run(['verify'])).code).toBe(0)
    const db = new DatabaseSync(database())
    const table = db
      .prepare("select name from sqlite_master where type = 'table' and sql like '%json%' and name not like '%fts%'")
      .all()
      .map((row) => String(row['name']))
      .find((name) => name === 'batch' || name === 'log')
    db.exec(`update ${table ?? 'batch'} set json = replace(json, 'Hello', 'Jello')`)
    db.close()
    const { code, out } = await cli.run(['verify', '--json'])
    expect(code).toBe(65)
    const report = JSON.parse(out) as { ok: boolean; problems: { kind: string; session: string }[] }
    expect(report.ok).toBe(false)
    expect(report.problems.map(({ session }) => session)).toContain(id)
    expect((await cli.run(['backup', 'bad.db'])).code).toBe(65)
    expect(existsSync(join(cli.dir, 'bad.db'))).toBe(false)
  })

  test('a file that is no journal is refused: exit 65', async () => {
    const file = join(cli.dir, 'x.db')
    const handle = openSync(file, 'w')
    writeSync(handle, 'this is no database at all, whatever its name says\n'.repeat(100))
    closeSync(handle)
    const { code, err } = await cli.run(['verify', 'x.db'])
    expect(err).toMatch(/^holdfast: /)
    expect(code).toBe(65)
  })
})

describe('sessions and tail', () => {
  test('tail --json prints every event once, one a line; --from goes on after one', async () => {
    const { id, url, key } = await withSession('count to 30')
    const stored = (await (
      await fetch(`${url}/v1/sessions/${id}/events?offset=-1`, { headers: { authorization: `Bearer ${key}` } })
    ).json()) as { seq: number }[]
    const lines = (await cli.out(['tail', id, '--json', '--once'])).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(stored)
    const rest = (await cli.out(['tail', id, '--json', '--once', '--from', '5'])).trim().split('\n')
    expect(rest).toEqual(lines.slice(5))
    expect((await cli.out(['tail', id, '--once'])).split('\n')).toHaveLength(stored.length + 1)
  })

  test('ls, show, export and rm', async () => {
    const { id } = await withSession()
    expect(await cli.out(['sessions'])).toMatch(new RegExp(`${id} +idle +demo +1 `))
    expect(await cli.out(['sessions', 'show', id])).toMatch(/› hello\n\nHello! How can I help you today\?/)
    const { state } = JSON.parse(await cli.out(['sessions', 'export', id])) as {
      state: { id: string; items: object[] }
    }
    expect(state.id).toBe(id)
    expect(state.items.length).toBeGreaterThan(1)
    await cli.out(['sessions', 'rm', id])
    expect(await ids()).toEqual([])
    expect((await cli.run(['sessions', 'show', id])).code).toBe(66)
    expect((await cli.run(['tail', id])).code).toBe(66)
  })

  test('a wrong key: exit 77, and what to do', async () => {
    await cli.serve()
    const { code, err } = await cli.run(['sessions'], { env: { HOLDFAST_KEY: 'hf_'.padEnd(46, 'aB3dE6gH9') } })
    expect(err).toMatch(/HOLDFAST_KEY/)
    expect(code).toBe(77)
  })

  test('another machine needs only the address and a key', async () => {
    const { url, key, id } = await withSession()
    const env = { HOLDFAST_URL: url, HOLDFAST_KEY: key, HOLDFAST_DATA: join(cli.dir, 'elsewhere') }
    expect(await cli.out(['sessions', '--json'], { env })).toContain(id)
    expect(await cli.out(['backup', 'far.db'], { env })).toMatch(/1 sessions/)
    expect(readFileSync(join(cli.dir, 'far.db')).subarray(0, 15).toString()).toBe('SQLite format 3')
  })
})
