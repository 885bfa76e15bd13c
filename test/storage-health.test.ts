import { expect, test } from 'vitest'
import { Failure } from '../src/core/failures.ts'
import type { Env } from '../src/core/ports.ts'
import { systemEnv } from '../src/env.ts'
import { memoryJournal, memoryStore } from '../src/journals/memory.ts'
import { watchStorage } from '../src/storage-health.ts'
import { until } from './tools/until.ts'

/** An env whose timers are turned by hand. */
const byHand = () => {
  const waiting: (() => void)[] = []
  const env: Env = { ...systemEnv, after: (_, call) => (waiting.push(call), () => {}) }
  return { env, turn: () => waiting.splice(0).forEach((call) => call()), waiting: () => waiting.length }
}

test('fault 7: a full disk is told by readiness, and ends when a write would succeed again', async () => {
  const { env, turn, waiting } = byHand()
  const journal = memoryJournal(memoryStore(systemEnv), { env: systemEnv })
  let full = true
  const write = (): Promise<void> => (full ? Promise.reject(new Failure('storage_full')) : Promise.resolve())
  const watched = watchStorage({ ...journal, send: () => write().then(() => 'new' as const) }, write, env)
  const say = () => watched.journal.send({ id: 'c', session: 's', by: 'b', type: 'close', data: {} }, 'h')
  expect(watched.health()).toEqual({ ok: true })
  await expect(say()).rejects.toMatchObject({ code: 'storage_full' })
  await expect(say()).rejects.toMatchObject({ code: 'storage_full' })
  expect(watched.health()).toMatchObject({ ok: false, reason: expect.stringMatching(/disk is full/) as string })
  expect(waiting()).toBe(1)
  turn()
  await until(() => waiting() === 1, 'another try')
  expect(watched.health().ok).toBe(false)
  full = false
  turn()
  await until(() => watched.health().ok, 'health')
  expect(waiting()).toBe(0)
  await expect(say()).resolves.toBe('new')
  await journal.close()
})

test('a refusal that is no fault of the disk leaves it ready', async () => {
  const { env, waiting } = byHand()
  const journal = memoryJournal(memoryStore(systemEnv), { env: systemEnv })
  const { health, journal: watched } = watchStorage(journal, () => Promise.resolve(), env)
  await expect(watched.claim('none', { node: 'n', at: 0 })).rejects.toMatchObject({ code: 'not_found' })
  expect(health()).toEqual({ ok: true })
  expect(waiting()).toBe(0)
  await journal.close()
})
