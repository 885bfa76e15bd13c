import { array, assert, asyncProperty } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Env } from '../../src/core/ports.ts'
import type { AppendStream, CreateStream, StreamStore } from '../../src/core/streams.ts'
import type { StreamStoreOptions } from '../../src/journals/stream-store.ts'
import { virtualEnv } from '../tools/env.ts'
import { until } from '../tools/until.ts'
import { action, compare } from './model.ts'
import { bytes, codeOf, name, plain, readText } from './short.ts'

const batch = (text: string, epoch: number, seq: number): AppendStream => ({
  ...bytes(text),
  producer: { id: 'p', epoch, seq },
})

export type OpenStreams = (options: StreamStoreOptions & { readonly env: Env }) => Promise<StreamStore>

/** What every store of raw streams promises. */
export const streamContract = (store: string, openStore: OpenStreams): void => {
  const open = async (options: Partial<StreamStoreOptions> = {}) => {
    const env = virtualEnv()
    const streams = await openStore({ ...options, env })
    const read = (path: string, from?: number, max?: number) => readText(streams, path, from, max)
    const say = (path: string, text: string) => streams.append(name(path), bytes(text))
    const make = (path: string, more: Partial<CreateStream> = {}) => streams.create(name(path), { ...plain, ...more })
    return { env, streams, read, say, make, code: codeOf }
  }

  describe(`raw streams: ${store}`, () => {
    test('what is appended is read from any position, in portions', async () => {
      const { read, say, make, streams } = await open()
      const { stream } = await make('a')
      for (const word of ['one', 'two', 'three']) await say('a', word)
      expect([await read('a'), await read('a', 4), await read('a', 11)]).toEqual(['onetwothree', 'wothree', ''])
      expect(
        (await streams.read(stream.id, 0, 1)).rows.map(({ end }) => end),
        'at least one',
      ).toEqual([3])
      expect((await streams.read(stream.id, 4, 4)).rows.map(({ end }) => end)).toEqual([6, 11])
      expect((await streams.find(name('a'), false)).tail).toBe(11)
    })

    test('[D1] a scope sees nothing of another', async () => {
      const { streams, say, make, code } = await open()
      await make('a')
      await say('a', 'mine')
      const works = [
        () => streams.find(name('a', 'other'), false),
        () => streams.append(name('a', 'other'), bytes('x')),
        () => streams.remove(name('a', 'other')),
        () => streams.create(name('b', 'other'), { ...plain, fork: { path: 'a', sub: 0 } }),
      ]
      for (const work of works) expect(await code(work())).toBe('not_found')
    })

    test('[D4] a repeated batch is told, not written; a gap and an old epoch are refused', async () => {
      const { streams, read, make, code } = await open()
      await make('a')
      const send = (text: string, epoch: number, seq: number) => streams.append(name('a'), batch(text, epoch, seq))
      expect(await send('x', 0, 1)).toMatchObject({ outcome: 'producer_gap', expected: 0 })
      expect(await send('a', 0, 0)).toMatchObject({ outcome: 'appended', seq: 0 })
      expect(await send('b', 0, 1)).toMatchObject({ outcome: 'appended', seq: 1 })
      expect(await send('a', 0, 0)).toMatchObject({ outcome: 'duplicate', seq: 1 })
      expect(await send('x', 0, 3)).toMatchObject({ outcome: 'producer_gap', expected: 2 })
      expect(await code(send('x', 1, 1))).toBe('invalid_request')
      expect(await send('c', 1, 0)).toMatchObject({ outcome: 'appended', seq: 0 })
      expect(await send('x', 0, 2)).toMatchObject({ outcome: 'producer_fenced', epoch: 1 })
      expect(await read('a')).toBe('abc')
    })

    test('batches that arrive together are each written once, in the order of their numbers or not at all', async () => {
      const { streams, read, make } = await open()
      await make('a')
      const letters = [...'abcdefghij']
      const all = [...letters, ...letters].map((letter, i) =>
        streams.append(name('a'), batch(letter, 0, i % letters.length)),
      )
      expect((await Promise.all(all)).map(({ outcome }) => outcome)).toEqual([
        ...letters.map(() => 'appended'),
        ...letters.map(() => 'duplicate'),
      ])
      expect(await read('a')).toBe('abcdefghij')
    })

    test('closing is final, and only its own producer may repeat it', async () => {
      const { streams, say, make } = await open()
      await make('a')
      const last = { ...batch('end', 0, 0), close: true }
      expect(await streams.append(name('a'), last)).toMatchObject({ outcome: 'appended' })
      expect(await streams.append(name('a'), last)).toMatchObject({ outcome: 'duplicate' })
      expect(await say('a', 'x')).toMatchObject({ outcome: 'stream_closed' })
      expect(await streams.append(name('a'), batch('x', 0, 1))).toMatchObject({ outcome: 'stream_closed' })
    })

    test('[D4] Stream-Seq must grow, byte by byte', async () => {
      const { streams, make, code } = await open()
      await make('a')
      const send = (seq: string) => code(streams.append(name('a'), { ...bytes('x'), seq }))
      expect([await send('09'), await send('10'), await send('10'), await send('1'), await send('2')]).toEqual([
        'ok',
        'ok',
        'conflict',
        'conflict',
        'ok',
      ])
    })

    test('[D2] a watcher is called after the commit, and only for its own stream', async () => {
      const { streams, say, make, read } = await open()
      const { stream } = await make('a')
      await make('b')
      const seen: Promise<string>[] = []
      const stop = streams.watch(stream.id, () => void seen.push(read('a')))
      await say('b', 'x')
      await say('a', 'one')
      await say('a', 'two')
      stop()
      await say('a', 'three')
      expect((await Promise.all(seen))[0]).toMatch(/^one/)
      expect(await Promise.all(seen)).toHaveLength(2)
    })

    test('a time to live starts anew with every use, and ends without one', async () => {
      const { env, streams, say, make, code } = await open()
      await make('a', { ttl: 10 })
      for (const use of [() => say('a', 'x'), () => streams.find(name('a'), true)]) {
        env.advance(9000)
        await use()
      }
      env.advance(9000)
      await streams.find(name('a'), false)
      env.advance(1001)
      expect(await code(streams.find(name('a'), false))).toBe('not_found')
      expect(await make('a', { ttl: 10 })).toMatchObject({ created: true })
      env.advance(10_001)
      expect(await code(say('a', 'x')), 'not even by an append').toBe('not_found')
    })

    test('an absolute end is not moved by use', async () => {
      const { env, streams, make, code } = await open()
      await make('a', { expires: env.now() + 5000 })
      env.advance(4999)
      expect(await code(streams.find(name('a'), true))).toBe('ok')
      env.advance(1)
      expect(await code(streams.find(name('a'), true))).toBe('not_found')
    })

    test('[D6] a stream that is watched does not expire', async () => {
      const { env, streams, make, code } = await open()
      const { stream } = await make('a', { ttl: 10 })
      const stop = streams.watch(stream.id, () => {})
      env.advance(60_000)
      expect(await code(streams.find(name('a'), false))).toBe('ok')
      stop()
      expect(await code(streams.find(name('a'), false))).toBe('ok')
      env.advance(11_000)
      expect(await code(streams.find(name('a'), false))).toBe('not_found')
    })

    test('expired streams go by themselves, and what they were the last forks of goes with them', async () => {
      const { env, streams, make, code } = await open({ sweepMs: 1000 })
      const { stream } = await make('a')
      const fork = (await make('f', { ttl: 1, fork: { path: 'a', sub: 0 } })).stream
      await streams.remove(name('a'))
      expect(await code(streams.find(name('a'), false))).toBe('gone')
      // Only ids are looked at here: asking by name would make it expire.
      await until(async () => {
        env.advance(1000)
        return (await code(streams.read(fork.id, 0, 1))) === 'not_found'
      }, 'the fork to go')
      expect(await code(streams.find(name('a'), false))).toBe('not_found')
      expect((await make('a')).stream.id, 'ids are never used again').toBeGreaterThan(fork.id)
      expect(stream.id).toBeLessThan(fork.id)
    })

    test('[D3] forks read as if they were copies, whatever happens to their sources', async () => {
      const run = asyncProperty(array(action, { maxLength: 40 }), async (actions) => {
        const { streams } = await open()
        const { told, expected, texts, portions } = await compare(streams, actions)
        expect(told).toEqual(expected)
        expect(texts.map(([read]) => read)).toEqual(texts.map(([, text]) => text))
        expect(portions.filter(([got, rest]) => !rest.startsWith(got) || (got === '' && rest !== ''))).toEqual([])
        await streams.close()
      })
      await assert(run, { numRuns: 30 })
    })
  })
}
