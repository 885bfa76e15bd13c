import { describe, expect, test } from 'vitest'
import type { Status } from '../src/client/status.ts'
import type { Event } from '../src/core/events.ts'
import { foldSession } from '../src/core/fold.ts'
import { emptySession, textOf } from '../src/core/session.ts'
import { inTurns } from '../web/in-turns.ts'
import { pillOf, type PillInput } from '../web/pill-words.ts'
import { plain } from '../web/words.ts'

const up: Status = {
  state: 'connected',
  transport: 'websocket',
  latencyMs: 45,
  attempts: 0,
  nextRetryAt: null,
  queued: 0,
  silentSince: null,
  offline: false,
  restarting: false,
  error: null,
}
const pill = (status: Partial<Status>, more: Partial<PillInput> = {}) => {
  const shown = pillOf({
    status: { ...up, ...status },
    signedOut: false,
    replay: null,
    waiting: 0,
    sinceStart: 5000,
    now: 100_000,
    ...more,
  })
  return [shown.kind, shown.tone, shown.icon, shown.words, shown.action].filter((one) => one !== undefined)
}

describe('[UI 5.3] each state of the connection has its colour, its picture and its words', () => {
  const refused = { code: 'forbidden', message: 'no', retryable: false } as const
  test.each([
    [pill({ state: 'connecting' }, { sinceStart: 399 }), ['none', 'warn', 'spinner', '']],
    [pill({ state: 'connecting' }), ['connecting', 'warn', 'spinner', 'Connecting']],
    [pill({ latencyMs: null }), ['connected', 'ok', 'bolt', 'Connected']],
    [pill({}), ['connected', 'ok', 'bolt', 'Connected, 45 ms']],
    [pill({ latencyMs: 870 }), ['slow', 'warn', 'bolt', 'Slow connection, 870 ms']],
    [
      pill({}, { replay: { done: 312, total: 1204 } }),
      ['catching-up', 'warn', 'spinner', 'Catching up, 312 of 1,204 events'],
    ],
    [pill({ silentSince: 88_000 }), ['checking', 'warn', 'spinner', 'No answer for 12 s, checking']],
    [
      pill({ state: 'reconnecting', attempts: 3, nextRetryAt: 103_500 }),
      ['reconnecting', 'warn', 'spinner', 'Reconnecting, try 3, next in 4 s', 'retry-now'],
    ],
    [pill({ state: 'reconnecting', attempts: 3 }), ['reconnecting', 'warn', 'spinner', 'Reconnecting, try 3']],
    [
      pill({ state: 'reconnecting', attempts: 1, restarting: true }),
      ['restarting', 'warn', 'spinner', 'Server is restarting'],
    ],
    [pill({ transport: 'sse', latencyMs: 180 }), ['fallback', 'ok', 'bolt', 'Connected over HTTP, 180 ms']],
    [
      pill({ state: 'disconnected', offline: true }, { waiting: 2 }),
      ['offline', 'bad', 'bolt', 'You are offline, 2 messages wait here'],
    ],
    [
      pill({ state: 'disconnected', attempts: 10 }),
      ['disconnected', 'bad', 'bolt', 'Disconnected after 10 tries', 'retry'],
    ],
    [pill({ state: 'error', error: refused }), ['error', 'off', 'bolt-outline', 'This key may not read here']],
    [pill({ state: 'disconnected' }, { signedOut: true }), ['error', 'off', 'bolt-outline', 'Not signed in']],
  ])('%j', (is, shall) => {
    expect(is).toEqual(shall)
  })
})

test('what is asked is shown with nothing hidden in it', () => {
  expect(plain('rm\u00A0-r\u202Ecod.\u200B\u001B[2K\n\tx')).toBe('rm\u00A0-r\\u{202e}cod.\\u{200b}\\u{1b}[2K\n\tx')
})

test('a prompt that waited stands where its own turn begins, everything else as in the log', () => {
  const said: readonly object[] = [
    { type: 'prompt', mid: 'p1', turn: '1', text: 'one' },
    { type: 'turn.started', turn: '1', attempt: 1, agent: 'a' },
    { type: 'prompt', mid: 'p2', turn: '2', text: 'two' },
    { type: 'prompt', mid: 'p3', turn: '3', text: 'three' },
    { type: 'prompt', mid: 's', turn: '1', text: 'steer', steer: true },
    { type: 'text', mid: 'm1', part: 0, offset: 0, delta: 'answer one' },
    { type: 'prompt', mid: 's2', turn: '1', text: 'steer again', steer: true },
    { type: 'turn.ended', turn: '1', outcome: 'failed' },
    { type: 'turn.ended', turn: '3', outcome: 'cancelled' },
    { type: 'turn.started', turn: '2', attempt: 1, agent: 'a' },
  ]
  const events = said.map((one, index) => ({ seq: index + 1, at: 1, by: 'user:x', ...one }) as Event)
  const order = (upTo: number) =>
    inTurns(foldSession(emptySession, events.slice(0, upTo))).map((item) =>
      item.kind === 'message' ? textOf(item.parts) : `end ${item.turn}`,
    )
  expect(order(4)).toEqual(['one', 'two', 'three'])
  expect(order(10)).toEqual(['one', 'steer', 'answer one', 'steer again', 'end 1', 'three', 'end 3', 'two'])
  // A prompt that runs and has said nothing yet comes after what was before it, and before those that wait.
  expect(order(7)).toEqual(['one', 'steer', 'answer one', 'steer again', 'two', 'three'])
})
