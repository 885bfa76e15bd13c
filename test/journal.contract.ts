import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventsOf } from '../src/core/batch.ts'
import { Failure } from '../src/core/failures.ts'
import { foldSession } from '../src/core/fold.ts'
import type { Batch, Command, Journal, Lease } from '../src/core/ports.ts'
import { emptySession } from '../src/core/session.ts'
import {
  command,
  created,
  ended,
  eventsIn,
  log,
  message,
  prompt,
  seqsIn,
  started,
  summary,
  text,
} from './journals/said.ts'
import { until } from './tools/until.ts'

/** What a journal gives to be put under the contract. */
export interface Opened {
  readonly journal: Journal
  /** Closes the journal and opens its store again, as a restart does. */
  reopen(): Promise<Journal>
  /** Leaves the journal as a killed process does, and opens what it left. */
  crash(): Promise<Journal>
  /** Another node over the same store; absent where only one process may open it. */
  readonly other?: () => Promise<Journal>
  /** Frees everything, also when a test failed half-way. */
  end(): Promise<void>
}

/** Every rule of the `Journal` port, for any journal. A new one joins with one line: `journalContract(name, open)`. */
export const journalContract = (name: string, open: () => Promise<Opened>): void => {
  describe(`journal contract: ${name}`, () => {
    let opened: Opened
    let journal: Journal
    beforeEach(async () => {
      opened = await open()
      journal = opened.journal
    })
    afterEach(() => opened.end())

    const create = (id = 's', more = {}): Promise<Lease> =>
      journal.claim(id, { node: 'n', at: 1, create: true, opening: [created(id)], ...more })
    const again = (id = 's', node = 'n'): Promise<Lease> => journal.claim(id, { node, at: 2 })
    const all = async (id = 's', from: Journal = journal) => eventsIn(await from.read(id, 0, Number.MAX_SAFE_INTEGER))
    const failing = (code: string) => expect.objectContaining({ name: 'Failure', code })

    describe('claim', () => {
      test('[J1] creating writes owner and the opening in one commit', async () => {
        const lease = await create('s', { note: 'why', opening: [created('s'), log('hello')] })
        const chunk = await journal.read('s', 0)
        expect(chunk).toMatchObject({ head: 3, batches: [{ first: 1, last: 3 }] })
        expect(eventsIn(chunk)).toEqual([
          { seq: 1, type: 'owner', node: 'n', term: 1, note: 'why', by: 'node:n', at: 1 },
          { seq: 2, ...created('s') },
          { seq: 3, ...log('hello') },
        ])
        expect(lease).toMatchObject({ session: 's', term: 1, head: 3 })
        expect(lease.lost.aborted).toBe(false)
      })
      test('[J2] creating what exists is a conflict, claiming what does not is not_found; neither writes', async () => {
        await create()
        await expect(create()).rejects.toEqual(failing('conflict'))
        await expect(again('none')).rejects.toEqual(failing('not_found'))
        expect(await all()).toHaveLength(2)
        expect(await journal.list()).toHaveLength(1)
      })
      test('[J3] each claim raises the term by one and writes an owner event', async () => {
        const first = await create()
        const second = await again()
        expect([first.term, second.term, second.head]).toEqual([1, 2, 3])
        expect((await all()).filter((event) => event.type === 'owner').map((event) => event.term)).toEqual([1, 2])
      })
      test('[J4] a released session can be claimed; its old lease cannot append', async () => {
        const first = await create()
        await first.release()
        expect(first.lost.aborted).toBe(true)
        await expect(journal.append(first, [log('late')])).rejects.toEqual(failing('moved'))
        expect(await again()).toMatchObject({ term: 2 })
      })
      test('[J5] of two claims at once both cannot hold the session', async () => {
        await create()
        const leases = await Promise.all([again(), again()])
        expect(leases.map(({ term }) => term)).toEqual([2, 3])
        expect(leases.map(({ lost }) => lost.aborted)).toEqual([true, false])
      })
    })

    describe('append', () => {
      test('[J6] seq is dense and in order over many commits', async () => {
        const lease = await create()
        for (let round = 0; round < 20; round++) {
          const events = await journal.append(lease, [log(`${round}a`), log(`${round}b`)])
          expect(events.map(({ seq }) => seq)).toEqual([3 + round * 2, 4 + round * 2])
          expect(lease.head).toBe(4 + round * 2)
        }
        expect((await all()).map(({ seq }) => seq)).toEqual(Array.from({ length: 42 }, (_, index) => index + 1))
      })
      test('[J7] sessions side by side keep their own seq', async () => {
        const ids = Array.from({ length: 30 }, (_, index) => `s${index}`)
        const leases = await Promise.all(ids.map((id) => create(id)))
        for (let round = 0; round < 5; round++)
          await Promise.all(leases.map((lease) => journal.append(lease, [log(`${lease.session} ${round}`)])))
        for (const id of ids) {
          const events = await all(id)
          expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
          expect(events.slice(2)).toMatchObject([0, 1, 2, 3, 4].map((round) => ({ text: `${id} ${round}` })))
        }
      })
      test('[I6] an append of a stale lease is refused as moved and writes nothing', async () => {
        const stale = await create()
        const fresh = await again()
        expect(stale.lost.aborted).toBe(true)
        await expect(
          journal.append(stale, [prompt('p', 'stale words')], { done: [{ id: 'c', hash: 'h', seq: 3 }] }),
        ).rejects.toEqual(failing('moved'))
        expect(await all()).toHaveLength(3)
        expect(await journal.seen('s', 'c')).toBeUndefined()
        expect(await journal.messages('s')).toEqual([])
        await journal.append(fresh, [log('on')])
        expect((await all()).map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
      })
      test('[J8] one append of a lease at a time', async () => {
        const lease = await create()
        const [one, two] = await Promise.allSettled([
          journal.append(lease, [log('1')]),
          journal.append(lease, [log('2')]),
        ])
        expect(one.status).toBe('fulfilled')
        expect(two).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } })
        await journal.append(lease, [log('3')])
        expect((await all()).slice(2)).toMatchObject([{ text: '1' }, { text: '3' }])
      })
      test('[J9] all or nothing: a refused append leaves no part of itself', async () => {
        const lease = await create()
        await journal.append(lease, [log('1')], { done: [{ id: 'c', hash: 'h', seq: 3 }] })
        await expect(
          journal.append(lease, [prompt('p', 'twice')], {
            done: [
              { id: 'd', hash: 'x', seq: 4 },
              { id: 'c', hash: 'h', seq: 4 },
            ],
          }),
        ).rejects.toEqual(failing('conflict'))
        expect(await all()).toHaveLength(3)
        expect(await journal.seen('s', 'd')).toBeUndefined()
        expect(await journal.messages('s')).toEqual([])
        expect(await journal.append(lease, [log('2')])).toMatchObject([{ seq: 4 }])
      })
      test('[I1] text comes back unchanged: NUL, lone surrogates, astral, combining, 1 MB', async () => {
        const lease = await create()
        const odd = [
          '\0',
          'a\0b',
          '\ud83d',
          '\ude00',
          '😀',
          'e\u0301',
          '\u2028\u2029',
          '"\\\n\t',
          'x'.repeat(1_000_000),
          '',
        ]
        const events = await journal.append(
          lease,
          odd.map((one) => log(one)),
        )
        await journal.append(
          lease,
          odd.map((one, index) => prompt(`m${index}`, one)),
        )
        expect((await all()).slice(2, 2 + odd.length)).toEqual(JSON.parse(JSON.stringify(events)))
        expect((await journal.messages('s')).map((row) => row.text)).toEqual(odd)
      })
      test('[J10] what JSON cannot hold is refused; a tree 100,000 deep is kept; the journal goes on', async () => {
        const lease = await create()
        const note = (data: unknown) => ({ type: 'note', agent: 'demo', data, by: 'agent:demo', at: 2 }) as const
        const round: unknown[] = []
        round.push(round)
        await expect(journal.append(lease, [log('1'), note(round)])).rejects.toEqual(failing('invalid_request'))
        const deep = `${'['.repeat(100_000)}0${']'.repeat(100_000)}`
        await journal.append(lease, [note(JSON.parse(deep))])
        expect((await journal.read('s', 2)).batches[0]?.json).toContain(deep)
        expect(await journal.append(lease, [log('on')])).toMatchObject([{ seq: 4 }])
      })
    })

    describe('read', () => {
      test('[J11] pages of about `max` bytes, always at least one commit, without hole or double', async () => {
        const lease = await create()
        for (let round = 0; round < 30; round++) await journal.append(lease, [log('x'.repeat(500)), log('y')])
        const seen: number[] = []
        let pages = 0
        for (let after = 0; ; pages++) {
          const chunk = await journal.read('s', after, 2000)
          if (chunk.batches.length === 0) break
          expect(chunk.batches.reduce((sum, { json }) => sum + json.length, 0)).toBeLessThan(3000)
          seen.push(...seqsIn(chunk))
          after = seen.at(-1) ?? 0
          expect(chunk.head).toBe(62)
        }
        expect(seen).toEqual(Array.from({ length: 62 }, (_, index) => index + 1))
        expect(pages).toBeGreaterThan(5)
        expect((await journal.read('s', 2, 1)).batches).toHaveLength(1)
      })
      test('[I2] a cursor in the middle of a commit gets the rest of that commit', async () => {
        const lease = await create()
        await journal.append(
          lease,
          ['a', 'b', 'c', 'd'].map((one) => log(one)),
        )
        await journal.append(lease, [log('e')])
        for (let after = 0; after <= 7; after++)
          expect(seqsIn(await journal.read('s', after))).toEqual([1, 2, 3, 4, 5, 6, 7].slice(after))
        expect((await journal.read('s', 4)).batches[0]).toMatchObject({ first: 5, last: 6 })
      })
      test('[J12] beyond the head there is nothing, and the head is said', async () => {
        await create()
        expect(await journal.read('s', 2)).toEqual({ batches: [], head: 2 })
        expect(await journal.read('s', 99)).toEqual({ batches: [], head: 2 })
      })
      test('[J13] an unknown session is not_found, whatever is asked', async () => {
        for (const ask of [
          () => journal.read('none', 0),
          () => journal.head('none'),
          () => journal.checkpoint('none'),
          () => journal.messages('none'),
          () => journal.seen('none', 'c'),
          () => journal.send(command('none', 'c'), 'h'),
        ])
          await expect(ask()).rejects.toEqual(failing('not_found'))
      })
    })

    describe('watch', () => {
      test('[I2] wakes with each commit, in order, after it can be read', async () => {
        const lease = await create()
        const heard: Batch[] = []
        const reads: Promise<boolean>[] = []
        const stop = journal.watch('s', (batch) => {
          if (batch === undefined) return
          heard.push(batch)
          reads.push(journal.read('s', batch.first - 1).then((chunk) => chunk.batches[0]?.json === batch.json))
        })
        const other = await create('t')
        for (let round = 0; round < 10; round++)
          await Promise.all([journal.append(lease, [log(`${round}`)]), journal.append(other, [log('not heard')])])
        await until(() => heard.length === 10, 'ten commits')
        expect(heard.map(({ first }) => first)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
        expect(heard.flatMap((batch) => eventsOf(batch))).toMatchObject(heard.map((_, round) => ({ text: `${round}` })))
        expect(await Promise.all(reads)).toEqual(heard.map(() => true))
        stop()
        stop()
        await journal.append(lease, [log('after')])
        expect(heard).toHaveLength(10)
      })
      test('[I1] no wake-up comes before the append is durable', async () => {
        const lease = await create()
        let told = false
        journal.watch('s', () => (told = true))
        const appended = journal.append(lease, [log('1')])
        expect(told).toBe(false)
        await appended
        expect(told).toBe(true)
      })
    })

    describe('commands', () => {
      test('[I3] a command is kept once: new, then dup, also after it was answered and after a restart', async () => {
        const lease = await create()
        expect(await journal.seen('s', 'c')).toBeUndefined()
        expect(await journal.send(command('s', 'c'), 'h')).toBe('new')
        expect(await journal.send(command('s', 'c'), 'h')).toBe('dup')
        expect(await journal.seen('s', 'c')).toEqual({ id: 'c', hash: 'h', seq: 0 })
        await journal.append(lease, [log('answer')], { done: [{ id: 'c', hash: 'h', seq: 3 }] })
        expect(await journal.seen('s', 'c')).toEqual({ id: 'c', hash: 'h', seq: 3 })
        expect(await journal.send(command('s', 'c'), 'h')).toBe('dup')
        journal = await opened.reopen()
        expect(await journal.seen('s', 'c')).toEqual({ id: 'c', hash: 'h', seq: 3 })
        expect(await journal.send(command('s', 'c'), 'h')).toBe('dup')
      })
      test('[I3] the same id with other words is command_id_reused; in another session it is another command', async () => {
        await create()
        await create('t')
        await journal.send(command('s', 'c'), 'h')
        await expect(journal.send(command('s', 'c'), 'other')).rejects.toEqual(failing('command_id_reused'))
        expect(await journal.send(command('t', 'c'), 'other')).toBe('new')
      })
      test('[J14] a command answered without the inbox is known too, and by a claim', async () => {
        const lease = await create('s', { done: [{ id: 'c0', hash: 'h0', seq: 2 }] })
        expect(await journal.seen('s', 'c0')).toEqual({ id: 'c0', hash: 'h0', seq: 2 })
        await journal.append(lease, [log('x')], { done: [{ id: 'c1', hash: 'h1', seq: 3 }] })
        expect(await journal.send(command('s', 'c1'), 'h1')).toBe('dup')
      })
      test('[J15] the inbox gives what waits, oldest first, then what comes, each once, until it is answered', async () => {
        const lease = await create()
        await journal.send(command('s', 'c1', { deep: [1, { two: 'é' }] }), 'h')
        await journal.send(command('s', 'c2'), 'h')
        const stop = new AbortController()
        const got: Command[] = []
        const reading = (async () => {
          for await (const one of journal.inbox(lease, stop.signal)) got.push(one)
        })()
        await until(() => got.length === 2, 'two commands')
        await journal.send(command('s', 'c3'), 'h')
        await until(() => got.length === 3, 'the third')
        expect(got.map(({ id }) => id)).toEqual(['c1', 'c2', 'c3'])
        expect(got[0]).toEqual(command('s', 'c1', { deep: [1, { two: 'é' }] }))
        stop.abort()
        await reading
        await journal.append(lease, [log('a')], { done: [{ id: 'c1', hash: 'h', seq: 3 }] })
        journal = await opened.reopen()
        const waiting = journal.inbox(await again())[Symbol.asyncIterator]()
        expect((await waiting.next()).value).toMatchObject({ id: 'c2' })
        expect((await waiting.next()).value).toMatchObject({ id: 'c3' })
      })
      test('[J16] the inbox ends without an error when the lease is lost', async () => {
        const lease = await create()
        const reading = (async () => {
          for await (const one of journal.inbox(lease)) expect(one).toBeUndefined()
        })()
        await again()
        await reading
      })
    })

    describe('list', () => {
      test('[J17] newest first, with head and summary as of the last commit', async () => {
        const a = await create('a', { at: 10, opening: [created('a', 10)], summary: summary('a', { title: 'A' }) })
        await create('b', { at: 20, opening: [created('b', 20)], summary: summary('b', { title: 'B' }) })
        expect((await journal.list()).map(({ id }) => id)).toEqual(['b', 'a'])
        await journal.append(a, [log('x', 30)])
        expect(await journal.list()).toEqual([
          { ...summary('a', { title: 'A' }), updated_at: 30, head: 3 },
          { ...summary('b', { title: 'B' }), updated_at: 20, head: 2 },
        ])
        expect(await journal.head('a')).toEqual({ ...summary('a', { title: 'A' }), updated_at: 30, head: 3, floor: 0 })
        await journal.append(a, [log('y', 40)], { summary: summary('a', { title: 'AA', pinned: true }) })
        expect((await journal.list({ limit: 1 }))[0]).toEqual({
          ...summary('a', { title: 'AA', pinned: true }),
          updated_at: 40,
          head: 4,
        })
      })
      test('[J18] pages through equal times without a hole or a double', async () => {
        for (let index = 0; index < 25; index++) {
          const at = 100 + Math.floor(index / 5)
          await create(`s${index}`, { at, opening: [created(`s${index}`, at)], summary: summary(`s${index}`) })
        }
        const seen: string[] = []
        for (let before: { updated_at: number; id: string } | undefined; ;) {
          const page = await journal.list({ limit: 7, ...(before && { before }) })
          if (page.length === 0) break
          seen.push(...page.map(({ id }) => id))
          before = page.at(-1)
        }
        expect(seen).toHaveLength(25)
        expect(new Set(seen).size).toBe(25)
        expect((await journal.list()).map(({ id }) => id)).toEqual(seen)
      })
      test('[J19] busy lists what runs, waits or asks', async () => {
        for (const status of ['idle', 'running', 'requires_action', 'closed'] as const)
          await create(status, { summary: summary(status, { status }) })
        expect((await journal.list({ busy: true })).map(({ id }) => id).sort()).toEqual(['requires_action', 'running'])
        const lease = await again('running')
        await journal.append(lease, [log('done')], { summary: summary('running', { status: 'idle' }) })
        expect((await journal.list({ busy: true })).map(({ id }) => id)).toEqual(['requires_action'])
      })
      test('[J28] list and search show one principal its own sessions only', async () => {
        const mine = await create('mine', { summary: summary('mine', { by: 'user:a', status: 'running' }) })
        const yours = await create('yours', { summary: summary('yours', { by: 'user:b', status: 'running' }) })
        await journal.append(mine, [prompt('m1', 'same words')])
        await journal.append(yours, [prompt('m2', 'same words')])
        expect((await journal.list({ by: 'user:a' })).map(({ id }) => id)).toEqual(['mine'])
        expect((await journal.list({ by: 'user:b', busy: true })).map(({ id }) => id)).toEqual(['yours'])
        expect(await journal.list({ by: 'user:c' })).toEqual([])
        expect((await journal.search('words', { by: 'user:a' })).map(({ mid }) => mid)).toEqual(['m1'])
        expect(await journal.search('words')).toHaveLength(2)
      })
      test('[J20] a session claimed without a summary is listed all the same', async () => {
        await create('bare')
        expect(await journal.list()).toMatchObject([{ id: 'bare', status: 'idle', head: 2 }])
      })
    })

    describe('messages', () => {
      test('[J21] prompts and final messages are kept, drafts and deltas are not', async () => {
        const lease = await create()
        await journal.append(lease, [prompt('m1', 'Hello there', 11), started('t')])
        await journal.append(lease, [text('m2', 0, 'General '), { ...message('m2', 't', 'General'), final: false }])
        await journal.append(lease, [message('m2', 't', 'General Kenobi', 12), ended('t')])
        expect(await journal.messages('s')).toEqual([
          { mid: 'm1', seq: 3, role: 'user', text: 'Hello there', at: 11 },
          { mid: 'm2', seq: 7, role: 'assistant', text: 'General Kenobi', at: 12 },
        ])
      })
      test('[J22] search wants all the words, newest first, and knows case and accents', async () => {
        const a = await create('a')
        const b = await create('b')
        await journal.append(a, [prompt('m1', 'The quick brown fox')])
        await journal.append(b, [prompt('m2', 'a QUICK café, naïve')])
        await journal.append(a, [message('m3', 't', 'quickly done')])
        const found = async (query: string, limit?: number) =>
          (await journal.search(query, limit === undefined ? {} : { limit })).map(({ mid }) => mid)
        expect(await found('quick')).toEqual(['m2', 'm1'])
        expect(await found('quick', 1)).toEqual(['m2'])
        expect(await found('fox quick')).toEqual(['m1'])
        expect(await found('cafe')).toEqual(['m2'])
        expect(await found('naïve CAFÉ')).toEqual(['m2'])
        expect(await found('quick unicorn')).toEqual([])
        expect((await journal.search('brown'))[0]).toEqual({
          session: 'a',
          mid: 'm1',
          seq: 3,
          role: 'user',
          text: 'The quick brown fox',
          at: 3,
        })
      })
      test('[S] a query is words, never an expression: quotes, operators, columns, NUL and junk are inert', async () => {
        const lease = await create()
        await journal.append(lease, [prompt('m1', 'alpha AND beta "quoted" NEAR text:x O\'Brien foo-bar 日本語 😀')])
        for (const query of [
          '"',
          '""',
          '"alpha',
          "'; drop table message; --",
          'alpha"',
          'text:x',
          'NEAR(alpha beta)',
          '^alpha',
          'al*',
          '-alpha',
          '(',
          ')',
          '{}',
          '\\',
          '*',
          '\0',
          'alpha\0beta',
          '\ud83d',
          '',
          ' ',
          '\t\n',
          'a'.repeat(10_000),
          '"""" OR 1=1',
        ])
          expect(Array.isArray(await journal.search(query))).toBe(true)
        const found = async (query: string) => (await journal.search(query)).length
        expect(await found('alpha OR gamma')).toBe(0)
        expect(await found('NOT beta')).toBe(0)
        expect(await found('alph*')).toBe(0)
        expect(await found('alpha AND beta')).toBe(1)
        expect(await found('"quoted"')).toBe(1)
        expect(await found("O'Brien")).toBe(1)
        expect(await found('foo-bar')).toBe(1)
        expect(await found('bar-foo')).toBe(0)
        expect(await found('日本語')).toBe(1)
        expect(await found('alpha ...')).toBe(1)
        expect(await found('')).toBe(0)
        expect(await found('...')).toBe(0)
      })
    })

    describe('trim and remove', () => {
      const conversation = [
        prompt('p', 'go'),
        started('turn-p'),
        text('m', 0, 'one '),
        text('m', 4, 'two'),
        message('m', 'turn-p', 'one two'),
        ended('turn-p'),
        log('tail'),
      ]

      test('[I9] fold(checkpoint) + tail = fold(all), wherever it was trimmed', async () => {
        for (let cut = 0; cut <= 9; cut++) {
          const id = `s${cut}`
          const lease = await create(id)
          await journal.append(lease, conversation.slice(0, 3))
          await journal.append(lease, conversation.slice(3))
          const events = await all(id)
          const whole = foldSession(emptySession, events)
          const state = foldSession(emptySession, events.slice(0, cut))
          await journal.trim(lease, state)
          expect(await journal.checkpoint(id)).toEqual(state)
          expect(await journal.head(id)).toMatchObject({ head: 9, floor: cut })
          const tail = eventsIn(await journal.read(id, cut))
          expect(tail.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].slice(cut))
          expect(foldSession((await journal.checkpoint(id)) ?? emptySession, tail)).toEqual(whole)
          const before = cut === 0 ? Promise.reject(new Failure('trimmed')) : journal.read(id, cut - 1)
          await expect(before).rejects.toEqual(failing('trimmed'))
        }
      })
      test('[J23] a trimmed session keeps its messages and commands, and goes on; also after a restart', async () => {
        const lease = await create()
        await journal.append(lease, conversation, { done: [{ id: 'c', hash: 'h', seq: 3 }] })
        expect(await journal.checkpoint('s')).toBeUndefined()
        await journal.trim(lease, foldSession(emptySession, await all()))
        await journal.append(lease, [log('more')])
        journal = await opened.reopen()
        await expect(journal.read('s', 0)).rejects.toEqual(failing('trimmed'))
        expect(seqsIn(await journal.read('s', 9))).toEqual([10])
        expect(await journal.checkpoint('s')).toMatchObject({ seq: 9, turns: 1 })
        expect(await journal.messages('s')).toHaveLength(2)
        expect(await journal.search('two')).toHaveLength(1)
        expect(await journal.seen('s', 'c')).toMatchObject({ seq: 3 })
        expect(await again()).toMatchObject({ head: 11, term: 2 })
      })
      test('[J24] trimming what is not there is a conflict; with a stale lease it is moved', async () => {
        const stale = await create()
        await expect(journal.trim(stale, { ...emptySession, seq: 3 })).rejects.toEqual(failing('conflict'))
        const lease = await again()
        await expect(journal.trim(stale, { ...emptySession, seq: 1 })).rejects.toEqual(failing('moved'))
        await journal.trim(lease, { ...emptySession, seq: 2 })
        await expect(journal.trim(lease, { ...emptySession, seq: 1 })).rejects.toEqual(failing('conflict'))
        expect(await journal.head('s')).toMatchObject({ floor: 2 })
      })
      test('[J25] a removed session is gone wholly, tells its watchers, and a new one of that name starts from 1', async () => {
        const lease = await create()
        await journal.append(lease, conversation, { done: [{ id: 'c', hash: 'h', seq: 3 }] })
        await journal.send(command('s', 'd'), 'h')
        let told = 0
        journal.watch('s', (batch) => (told += batch === undefined ? 1 : 0))
        await journal.remove(lease)
        expect(told).toBe(1)
        expect(lease.lost.aborted).toBe(true)
        await expect(journal.read('s', 0)).rejects.toEqual(failing('not_found'))
        expect(await journal.list()).toEqual([])
        expect(await journal.search('two')).toEqual([])
        const fresh = await create()
        expect(fresh).toMatchObject({ term: 1, head: 2 })
        await expect(journal.append(lease, [log('ghost')])).rejects.toEqual(failing('moved'))
        expect(await journal.seen('s', 'c')).toBeUndefined()
        expect(await journal.seen('s', 'd')).toBeUndefined()
        expect(await journal.messages('s')).toEqual([])
        expect(await all()).toHaveLength(2)
      })
    })

    describe('close', () => {
      test('[I1] everything that was acknowledged is there after a restart, to the byte', async () => {
        const lease = await create('s', { summary: summary('s', { title: 'T', status: 'running' }) })
        for (let round = 0; round < 50; round++) await journal.append(lease, [log(`é${round}`, 100 + round)])
        const before = await journal.read('s', 0, Number.MAX_SAFE_INTEGER)
        const list = await journal.list()
        const { epoch } = journal
        journal = await opened.reopen()
        expect(await journal.read('s', 0, Number.MAX_SAFE_INTEGER)).toEqual(before)
        expect(await journal.list()).toEqual(list)
        expect(await journal.list({ busy: true })).toHaveLength(1)
        expect(journal.epoch).toBe(epoch)
        expect(await again()).toMatchObject({ term: 2, head: 53 })
      })
      test('[I1][I3] after a crash everything acknowledged is there, and the next owner goes on behind it', async () => {
        const lease = await create('s', { summary: summary('s', { status: 'running' }) })
        await journal.send(command('s', 'c'), 'h')
        await journal.append(lease, [prompt('p', 'go')], { done: [{ id: 'c', hash: 'h', seq: 3 }] })
        await journal.send(command('s', 'd'), 'h')
        for (let round = 0; round < 20; round++) await journal.append(lease, [log(`${round}`, 50 + round)])
        const before = await journal.read('s', 0, Number.MAX_SAFE_INTEGER)
        const list = await journal.list()
        journal = await opened.crash()
        expect(await journal.read('s', 0, Number.MAX_SAFE_INTEGER)).toEqual(before)
        expect(await journal.list({ busy: true })).toEqual(list)
        expect(await journal.seen('s', 'c')).toMatchObject({ seq: 3 })
        expect(await journal.search('go')).toHaveLength(1)
        const next = await again()
        expect(next).toMatchObject({ term: 2, head: 24 })
        expect((await journal.inbox(next)[Symbol.asyncIterator]().next()).value).toMatchObject({ id: 'd' })
        expect(await journal.append(next, [log('on')])).toMatchObject([{ seq: 25 }])
        expect((await all()).map(({ seq }) => seq)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
      })
      test('[J26] close waits for what was asked before it; later calls fail, and leases are lost', async () => {
        const lease = await create()
        const last = journal.append(lease, [log('last')])
        const closing = journal.close()
        expect(await last).toMatchObject([{ seq: 3 }])
        await closing
        expect(lease.lost.aborted).toBe(true)
        await expect(create('t')).rejects.toEqual(failing('draining'))
        await journal.close()
        journal = await opened.reopen()
        expect(await all()).toHaveLength(3)
      })
    })

    describe('several nodes', () => {
      const two = async () => {
        if (opened.other === undefined) return undefined
        const other = await opened.other()
        return { other, lease: await create() }
      }
      test('[I6] a session of a living node is not given away, a released one is', async ({ skip }) => {
        const pair = await two()
        if (pair === undefined) return skip('this journal is for one process')
        await expect(pair.other.claim('s', { node: 'm', at: 2 })).rejects.toEqual(failing('moved'))
        await pair.lease.release()
        expect(await pair.other.claim('s', { node: 'm', at: 2 })).toMatchObject({ term: 2 })
        await expect(journal.append(pair.lease, [log('late')])).rejects.toEqual(failing('moved'))
      })
      test('[J27] a commit of another node wakes with undefined; its commands reach the owner once', async ({
        skip,
      }) => {
        const pair = await two()
        if (pair === undefined) return skip('this journal is for one process')
        const woken: (Batch | undefined)[] = []
        pair.other.watch('s', (batch) => woken.push(batch))
        await journal.append(pair.lease, [log('here')])
        await until(() => woken.length > 0, 'a wake-up')
        expect(woken).toEqual([undefined])
        expect(await all('s', pair.other)).toHaveLength(3)
        const inbox = journal.inbox(pair.lease)[Symbol.asyncIterator]()
        const next = inbox.next()
        expect(await pair.other.send(command('s', 'c'), 'h')).toBe('new')
        expect(await journal.send(command('s', 'c'), 'h')).toBe('dup')
        expect((await next).value).toMatchObject({ id: 'c' })
      })
    })
  })
}
