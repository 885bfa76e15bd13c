import * as fc from 'fast-check'
import { must } from './harness.ts'
import { describe, expect, test } from 'vitest'
import type { WireError } from '../../src/core/frames.ts'
import {
  adopt,
  capacity,
  flush,
  isRemovable,
  put,
  refuse,
  remove,
  requeue,
  toEntry,
  waiting,
  type Entry,
  type Outbox,
} from '../../src/client/outbox.ts'

const entry = (id: string, more: Partial<Entry> = {}): Entry => ({
  id,
  session: 's',
  type: 'prompt',
  data: { text: id },
  at: Number(id.slice(1)),
  ...more,
})
const boxOf = (...entries: readonly Entry[]): Outbox => entries.reduce<Outbox>((box, one) => put(box, one) ?? box, [])
const error = (more: Partial<WireError> = {}): WireError => ({
  code: 'conflict',
  message: 'no',
  retryable: false,
  ...more,
})
const at = (now: number) => ({ now, random: 0.5 })
const sends = (box: Outbox, now = 0, room = 32): readonly string[] =>
  flush(box, now, room)[1].flatMap((frame) => (frame.t === 'cmd' ? [frame.id] : []))
const states = (box: Outbox): readonly string[] => box.map(({ id, state }) => `${id} ${state}`)

describe('outbox', () => {
  test('[W9] holds 100 and refuses the newest when it is full', () => {
    const full = boxOf(...Array.from({ length: capacity }, (_, i) => entry(`c${i}`)))
    expect(full).toHaveLength(100)
    expect(put(full, entry('c100'))).toBeUndefined()
    expect(put(remove(full, 'c7'), entry('c100'))).toHaveLength(100)
  })

  test('[W1] an id that is there already changes nothing; one that was refused is tried again', () => {
    const box = boxOf(entry('c1'))
    expect(put(box, entry('c1'))).toBe(box)
    const refused = refuse(box, 'c1', error(), at(0))
    expect(states(refused)).toEqual(['c1 refused'])
    expect(states(put(refused, entry('c1')) ?? [])).toEqual(['c1 queued'])
  })

  test('[W10] one command of a session on the way, other sessions beside it, up to the limit', () => {
    const box = boxOf(entry('c1'), entry('c2'), entry('c3', { session: 't' }), entry('c4', { session: 'u' }))
    expect(sends(box)).toEqual(['c1', 'c3', 'c4'])
    expect(sends(box, 0, 2)).toEqual(['c1', 'c3'])
    const [sent] = flush(box, 0, 32)
    expect(sends(sent)).toEqual([])
    expect(sends(remove(sent, 'c1'))).toEqual(['c2'])
  })

  test('[W9] after a reconnect what was sent is sent again, in order, under the same id', () => {
    const [sent, frames] = flush(boxOf(entry('c1', { expect: 'x' }), entry('c2')), 0, 32)
    const again = requeue(sent)
    expect(states(again)).toEqual(['c1 queued', 'c2 queued'])
    expect(flush(again, 0, 32)[1]).toEqual(frames)
    expect(requeue(again)).toBe(again)
  })

  test('[W8] a refusal for now is tried again after its time, and what follows waits behind it', () => {
    const [sent] = flush(boxOf(entry('c1'), entry('c2')), 0, 32)
    const held = refuse(sent, 'c1', error({ code: 'rate_limited', retryable: true, retry_after_ms: 700 }), at(1000))
    expect(sends(held, 1699)).toEqual([])
    expect(sends(held, 1700)).toEqual(['c1'])
  })

  test('[W10] cancel, answer and close pass what waits after a refusal, never what is on the way', () => {
    for (const type of ['cancel', 'answer', 'close']) {
      const [sent] = flush(boxOf(entry('c1'), entry('c2'), entry('c3', { type })), 0, 32)
      expect(sends(sent)).toEqual([])
      const held = refuse(sent, 'c1', error({ code: 'queue_full', retryable: true }), at(0))
      expect(sends(held)).toEqual(['c3'])
    }
  })

  test('[W8] a final refusal is kept with its reason, and holds nothing up', () => {
    const [sent] = flush(boxOf(entry('c1'), entry('c2')), 0, 32)
    const refused = refuse(sent, 'c1', error(), at(0))
    expect(refused[0]).toMatchObject({ state: 'refused', error: { code: 'conflict' } })
    expect(sends(refused)).toEqual(['c2'])
    expect(waiting(refused)).toBe(1)
  })

  test('[A4] without a credential nothing was looked at: the command stays', () => {
    const [sent] = flush(boxOf(entry('c1')), 0, 32)
    expect(states(refuse(sent, 'c1', error({ code: 'unauthorized' }), at(0)))).toEqual(['c1 queued'])
  })

  test('what never left, or was refused, may be taken back; what may have arrived may not', () => {
    const box = boxOf(entry('c1'))
    const [sent] = flush(box, 0, 32)
    const slot = (box: Outbox) => must(box[0])
    expect(isRemovable(slot(box))).toBe(true)
    expect(isRemovable(slot(sent))).toBe(false)
    expect(isRemovable(slot(requeue(sent)))).toBe(false)
    expect(isRemovable(slot(adopt([], [entry('c1')])))).toBe(false)
    expect(isRemovable(slot(refuse(sent, 'c1', error({ retryable: true }), at(0))))).toBe(true)
    expect(isRemovable(slot(refuse(sent, 'c1', error(), at(0))))).toBe(true)
  })

  test('[W9] what an earlier page left comes before what is newer, and comes back as it was kept', () => {
    const refused = refuse(boxOf(entry('c2')), 'c2', error(), at(0)).map(toEntry)
    const box = adopt(boxOf(entry('c5')), [entry('c1'), ...refused, entry('c5')])
    expect(states(box)).toEqual(['c1 queued', 'c2 refused', 'c5 queued'])
    expect(toEntry(must(box[0]))).toEqual(entry('c1'))
  })

  test('[W10] any answers in any order: commands of a session are accepted in the order in which they were said', () => {
    const answers = fc.array(fc.constantFrom('ack', 'later', 'never', 'cut', 'wait'), { maxLength: 80 })
    fc.assert(
      fc.property(fc.array(fc.constantFrom('s', 't'), { minLength: 1, maxLength: 20 }), answers, (sessions, list) => {
        let box = boxOf(...sessions.map((session, i) => entry(`c${i}`, { session })))
        const accepted: Record<string, number[]> = { s: [], t: [] }
        let now = 0
        const turn = (answer: string): void => {
          if (answer === 'wait') now += 20_000
          const [next] = flush(box, now, 4)
          box = answer === 'cut' ? requeue(next) : next
          const slot = box.find(({ state }) => state === 'sent')
          if (slot === undefined) return
          if (answer === 'ack') {
            accepted[slot.session]?.push(slot.at)
            box = remove(box, slot.id)
          }
          if (answer === 'later') box = refuse(box, slot.id, error({ retryable: true }), { now, random: 0.9 })
          if (answer === 'never') box = refuse(box, slot.id, error(), { now, random: 0 })
        }
        for (const answer of list) turn(answer)
        for (let i = 0; i < 200; i++) turn(i % 2 === 0 ? 'wait' : 'ack')
        expect(waiting(box)).toBe(0)
        for (const order of Object.values(accepted)) expect(order).toEqual(order.toSorted((a, b) => a - b))
      }),
    )
  })
})
