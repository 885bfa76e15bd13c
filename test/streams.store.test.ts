import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { memoryStreams } from '../src/journals/memory-streams.ts'
import { openSqliteJournal } from '../src/journals/sqlite/open.ts'
import { verifyJournal } from '../src/journals/sqlite/verify.ts'
import { streamStore } from '../src/journals/stream-store.ts'
import { streamContract } from './streams/contract.ts'
import { bytes, name as named, plain } from './streams/short.ts'
import { folder } from './tools/closing.ts'
import { virtualEnv } from './tools/env.ts'
import { until } from './tools/until.ts'

const openFile = async (file: string, env = virtualEnv()) => {
  const journal = await openSqliteJournal({ file })
  onTestFinished(() => journal.close())
  return { journal, streams: streamStore(journal.streams, { env }), env }
}
const name = named('a')

streamContract('memory', async (options) => memoryStreams(options))
streamContract('sqlite', async (options) => {
  const file = join(await folder(), 'journal.db')
  const journal = await openSqliteJournal({ file })
  onTestFinished(async () => {
    await journal.close()
    const { problems } = verifyJournal(file)
    if (problems.length > 0) throw new Error(`the file is damaged: ${JSON.stringify(problems)}`)
  })
  return streamStore(journal.streams, options)
})

test('[D2] nobody is told, and nothing is answered, before the commit', async () => {
  const env = virtualEnv()
  const streams = memoryStreams({ env, commitDelay: () => 100 })
  const creating = streams.create(name, plain)
  // Reading it back before its time is what a planted "show before durable" would allow.
  await expect(streams.find(name, false)).rejects.toMatchObject({ code: 'not_found' })
  env.advance(100)
  // The first commit starts when what looks for an expired stream has found none.
  await until(async () => (env.advance(100), Promise.race([creating, Promise.resolve(undefined)])), 'the stream')
  const { id } = (await creating).stream
  const told: string[] = []
  streams.watch(id, () => void told.push('woken'))
  const appending = streams.append(name, bytes('x')).then(() => told.push('answered'))
  await streams.find(name, false)
  expect([told, (await streams.read(id, 0, 1)).rows]).toEqual([[], []])
  env.advance(100)
  await appending
  expect([told, (await streams.read(id, 0, 1)).rows.length]).toEqual([['woken', 'answered'], 1])
})

test('[D2] [I1] what was acknowledged is in the files at that moment, with the state of its producer', async () => {
  const [dir, copy] = [await folder(), await folder()]
  const { streams } = await openFile(join(dir, 'journal.db'))
  await streams.create(name, plain)
  let text = ''
  for (let seq = 0; seq < 20; seq++) {
    await streams.append(name, { ...bytes(`${seq},`), producer: { id: 'p', epoch: 0, seq } })
    text += `${seq},`
  }
  // As kill -9 would leave them: nothing is closed, nothing copied out of the write-ahead log.
  for (const ending of ['', '-wal']) await cp(join(dir, `journal.db${ending}`), join(copy, `journal.db${ending}`))
  const after = await openFile(join(copy, 'journal.db'))
  const { id } = await after.streams.find(name, false)
  const { rows } = await after.streams.read(id, 0, 1e6)
  expect(rows.map(({ data }) => Buffer.from(data).toString()).join('')).toBe(text)
  const again = await after.streams.append(name, { ...bytes('19,'), producer: { id: 'p', epoch: 0, seq: 19 } })
  expect(again).toMatchObject({ outcome: 'duplicate', seq: 19 })
})

test.each([
  ['an append', "update stream_append set data = cast('eve' as blob) where first = 3"],
  ['a hole', 'delete from stream_append where first = 3'],
  ['a stream', "update stream set info = replace(info, 'tail', 'tale')"],
])('fault 4: %s that is not what was written is told, not served; other streams are', async (_what, sql) => {
  const file = join(await folder(), 'journal.db')
  const first = await openFile(file)
  for (const path of ['a', 'b']) {
    await first.streams.create({ ...name, path }, plain)
    for (const word of ['one', 'two', 'six']) await first.streams.append({ ...name, path }, bytes(word))
  }
  const { id } = await first.streams.find(name, false)
  const other = await first.streams.find({ ...name, path: 'b' }, false)
  await first.journal.close()
  const db = new DatabaseSync(file)
  db.exec(`${sql} ${sql.includes('where') ? 'and stream' : 'where id'} = ${id}`)
  db.close()
  const { streams } = await openFile(file)
  expect(verifyJournal(file).problems.map(({ kind, detail }) => [kind, detail.slice(0, 2)])[0]).toEqual([
    'stream',
    'a:',
  ])
  await expect(streams.read(id, 0, 1e6)).rejects.toMatchObject({ code: 'session_damaged' })
  expect((await streams.read(other.id, 0, 1e6)).rows).toHaveLength(3)
})

test('[D6] a use that was not written down costs a stream less than a twentieth of its life when the server dies', async () => {
  const [dir, copy] = [await folder(), await folder()]
  const { streams, env } = await openFile(join(dir, 'journal.db'))
  await streams.create(name, { ...plain, ttl: 100 })
  env.advance(4000)
  await streams.find(name, true)
  for (const ending of ['', '-wal']) await cp(join(dir, `journal.db${ending}`), join(copy, `journal.db${ending}`))
  const later = await openFile(join(copy, 'journal.db'), env)
  env.advance(100_000)
  expect(await later.streams.find(name, false)).toMatchObject({ path: 'a' })
  env.advance(1000)
  await expect(later.streams.find(name, false)).rejects.toMatchObject({ code: 'not_found' })
})
