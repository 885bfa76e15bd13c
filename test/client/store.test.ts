import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { IDBFactory } from 'fake-indexeddb'
import { describe, expect, test } from 'vitest'
import { indexedDbStore, type IndexedDb } from '../../src/client/indexeddb.ts'
import { fileStore } from '../../src/client/node.ts'
import type { Entry } from '../../src/client/outbox.ts'
import type { Store } from '../../src/client/store.ts'
import { folder } from '../tools/closing.ts'
import { follow, logOf, promptsIn, setUp, untilIdle } from './harness.ts'

const entry = (n: number): Entry => ({ id: `c${n}`, session: 's', type: 'prompt', data: { text: `ü ${n} 🙂` }, at: n })
const ids = (entries: readonly Entry[]): readonly string[] => entries.map(({ id }) => id).toSorted()

/** The Web Locks of one browser: a tab that dies lets go of its own. */
const newLocks = () => {
  const held = new Map<string, string>()
  return {
    die: (tab: string): void => {
      for (const [name, owner] of held) if (owner === tab) held.delete(name)
    },
    of: (tab: string) => ({
      request: async (name: string, hold: () => Promise<void>): Promise<void> => {
        held.set(name, tab)
        await hold()
      },
      query: async () => ({ held: [...held.keys()].map((name) => ({ name })) }),
    }),
  }
}
const browser = () => {
  const indexedDB = new IDBFactory() as unknown as IndexedDb
  const locks = newLocks()
  const tab = (name: string): Store => indexedDbStore({ indexedDB, locks: locks.of(name), name: 'gateway', tab: name })
  return { indexedDB, locks, tab }
}

describe.each<[string, () => Promise<() => Store>]>([
  [
    'IndexedDB',
    async () => {
      const { locks, tab } = browser()
      let count = 0
      return () => {
        locks.die(`t${count}`)
        count += 1
        return tab(`t${count}`)
      }
    },
  ],
  [
    'a folder',
    async () => {
      const dir = await folder()
      return () => fileStore(join(dir, 'outbox'))
    },
  ],
])('%s', (_name, setUpStore) => {
  test('[W9] what was kept is there for the next page or process, what was removed is not', async () => {
    const next = await setUpStore()
    const first = next()
    expect(await first.load()).toEqual([])
    await Promise.all([1, 2, 3].map((n) => first.put(entry(n))))
    await first.remove('c2')
    await first.remove('c9')
    const second = next()
    const loaded = await second.load()
    expect(loaded.toSorted((a, b) => a.at - b.at)).toEqual([entry(1), entry(3)])
  })

  test('the last word on an entry counts, however fast it comes', async () => {
    const next = await setUpStore()
    const first = next()
    await first.load()
    const refused = { ...entry(1), error: { code: 'conflict', message: 'no', retryable: false } as const }
    await Promise.all([first.put(entry(1)), first.put(entry(2)), first.put(refused), first.remove('c2')])
    expect(await next().load()).toEqual([refused])
  })
})

describe('tabs', () => {
  test('a tab sends its own, and takes over only from tabs that are gone', async () => {
    const { locks, tab } = browser()
    const [one, two, three] = [tab('1'), tab('2'), tab('3')]
    await Promise.all([one.load(), two.load()])
    await one.put(entry(1))
    await two.put(entry(2))
    expect(await three.load()).toEqual([])
    locks.die('1')
    expect(ids(await three.load())).toEqual(['c1'])
    expect(await two.load()).toEqual([])
    locks.die('3')
    expect(ids(await two.load())).toEqual(['c1'])
  })

  test('a browser without locks: every tab takes what it finds; the ids are the same', async () => {
    const { indexedDB } = browser()
    const tab = (name: string): Store => indexedDbStore({ indexedDB, name: 'gateway', tab: name })
    await tab('1').put(entry(1))
    expect(ids(await tab('2').load())).toEqual(['c1'])
    expect(ids(await tab('3').load())).toEqual(['c1'])
  })

  test('outboxes of two gateways are kept apart', async () => {
    const { indexedDB } = browser()
    await indexedDbStore({ indexedDB, name: 'a', tab: '1' }).put(entry(1))
    expect(await indexedDbStore({ indexedDB, name: 'b', tab: '2' }).load()).toEqual([])
  })

  test('a connection that the browser closed is opened once more', async () => {
    const { indexedDB, locks, tab } = browser()
    const one = tab('1')
    await one.put(entry(1))
    await new Promise<void>((resolve) => {
      ;(indexedDB as unknown as InstanceType<typeof IDBFactory>)
        .deleteDatabase('holdfast:gateway')
        .addEventListener('success', () => resolve())
    })
    await one.put(entry(2))
    locks.die('1')
    expect(ids(await tab('2').load())).toEqual(['c2'])
  })
})

test('a folder with files that are no entries: the others are loaded', async () => {
  const dir = await folder()
  await fileStore(dir).put(entry(1))
  await writeFile(join(dir, 'broken.json'), '{"id":')
  await writeFile(join(dir, 'other.json'), '[]')
  await writeFile(join(dir, 'half.tmp'), '')
  expect(ids(await fileStore(dir).load())).toEqual(['c1'])
  expect(await readdir(dir)).toContain('broken.json')
})

describe('a reload', () => {
  test('[W9] check 10: prompts are written offline, the tab is closed, another one sends each once', async () => {
    const { server, proxy, client } = await setUp()
    const { locks, tab } = browser()
    proxy.down(true)
    const before = client({ storage: tab('1') })
    before.connect().catch(() => {})
    const session = before.create()
    const texts = ['hello', ...Array.from({ length: 8 }, (_, i) => `say ${i}`)]
    // All in one millisecond: their order must not depend on it.
    for (const text of texts) session.send(text).catch(() => {})
    await before.saved()
    expect(before.outbox.get()).toHaveLength(10)
    before.disconnect()
    locks.die('1')
    proxy.heal()
    const after = client({ storage: tab('2') })
    await after.connect()
    const again = after.session(session.id)
    follow(again)
    await untilIdle(again, 9)
    expect(promptsIn(await logOf(server, session.id))).toEqual(texts)
    expect(after.outbox.get()).toEqual([])
    locks.die('2')
    await expect.poll(() => tab('3').load()).toEqual([])
  })

  test('[W3] [W9] the process dies between a command and its ack: the next one sends it again, it is run once', async () => {
    const { server, proxy, client } = await setUp()
    const dir = await folder()
    const before = client({ storage: fileStore(dir) })
    await before.connect()
    const session = before.create()
    await session.send('hello')
    proxy.stall('down', true)
    session.send('say it once').catch(() => {})
    await expect.poll(async () => promptsIn(await logOf(server, session.id))).toEqual(['hello', 'say it once'])
    await before.saved()
    before.disconnect()
    proxy.heal()
    const after = client({ storage: fileStore(dir) })
    await after.connect()
    await expect.poll(() => readdir(dir)).toEqual([])
    expect(after.outbox.get()).toEqual([])
    expect(promptsIn(await logOf(server, session.id))).toEqual(['hello', 'say it once'])
  })

  test('[W8] a refusal that nobody saw is still there after a reload', async () => {
    const { client } = await setUp()
    const dir = await folder()
    const before = client({ storage: fileStore(dir) })
    await before.connect()
    await expect(before.session('nobody').send('hello')).rejects.toMatchObject({ code: 'not_found' })
    await before.saved()
    before.disconnect()
    const after = client({ storage: fileStore(dir) })
    await after.connect()
    expect(after.outbox.get()).toMatchObject([{ state: 'refused', error: { code: 'not_found' } }])
    expect(after.discard(after.outbox.get()[0]?.id ?? '')).toBe(true)
    await expect.poll(() => readdir(dir)).toEqual([])
  })

  test('a store that hangs holds nothing up, one that fails is told', async () => {
    const { client } = await setUp()
    const never = new Promise<never>(() => {})
    const hanging = client({ storage: { load: () => never, put: () => never, remove: () => never } })
    await hanging.connect()
    expect(await hanging.create().send('hello')).toMatchObject({ dup: false })
    const bugs: unknown[] = []
    const full = async (): Promise<never> => {
      throw new Error('quota')
    }
    const failing = client({ storage: { load: full, put: full, remove: full }, onBug: (error) => bugs.push(error) })
    await failing.connect()
    expect(await failing.create().send('hello')).toMatchObject({ dup: false })
    expect(bugs.length).toBeGreaterThan(2)
  })
})
