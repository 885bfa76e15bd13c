import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCursor } from '../../src/core/cursor.ts'
import type { Event } from '../../src/core/events.ts'
import { foldSession } from '../../src/core/fold.ts'
import type { ServerFrame, WireError } from '../../src/core/frames.ts'
import { emptySession } from '../../src/core/session.ts'
import { noFragments, receive } from '../../src/client/fragments.ts'
import {
  ask,
  gotEvery,
  newFold,
  newReader,
  rest,
  take,
  thank,
  type Reader,
  type Told,
} from '../../src/client/reader.ts'
import { newSseParser } from '../../src/client/sse.ts'
import { must } from './harness.ts'

const cursor = (seq: number, epoch = 1): string => formatCursor({ epoch, seq })
const log = (count: number): readonly Event[] =>
  Array.from({ length: count }, (_, i) =>
    i === 0
      ? { seq: 1, at: 1, by: 'user:a', type: 'session.created', id: 's' }
      : { seq: i + 1, at: i, by: 'agent:a', type: 'text', mid: 'm', part: 0, offset: i - 1, delta: 'x' },
  )
const at = { now: 1000, random: 0.5 }
const ok = (mode: 'replay' | 'snapshot' | 'live', where: string, state?: unknown): ServerFrame => ({
  t: 'sub.ok',
  id: '1',
  mode,
  cursor: where,
  head: where,
  state,
})
const ev = (prev: number, events: readonly Event[], epoch = 1): ServerFrame => ({
  t: 'ev',
  sub: '1',
  prev: cursor(prev, epoch),
  cursor: cursor(events.at(-1)?.seq ?? prev, epoch),
  e: events,
})
const no = (more: Partial<WireError>): ServerFrame => ({
  t: 'err',
  sub: '1',
  code: 'not_found',
  message: '',
  retryable: false,
  ...more,
})

const run = (
  reader: Reader,
  ...frames: readonly ServerFrame[]
): { readonly reader: Reader; readonly told: readonly Told[] } => {
  const told: Told[] = []
  let now = ask(reader, '1')[0]
  for (const frame of frames) {
    const [next, news] = take(now, frame, 100, at)
    now = next
    told.push(...news)
  }
  return { reader: now, told }
}
const seqs = (told: readonly Told[]): readonly number[] =>
  told.flatMap((one) => (one.type === 'events' ? one.events.map(({ seq }) => seq) : []))

describe('reader', () => {
  test('[S1] asks from its cursor, else from where it was told', () => {
    expect(ask(newReader('s'), '1')[1]).toEqual({ t: 'sub', id: '1', session: 's', from: 'start' })
    expect(ask(newReader('s', { from: 'now' }), '1')[1]).toMatchObject({ from: 'now' })
    expect(ask(newReader('s', { cursor: cursor(7) }), '1')[1]).toEqual({
      t: 'sub',
      id: '1',
      session: 's',
      cursor: cursor(7),
    })
    expect(ask(newFold('s'), '1')[1]).toMatchObject({ from: 'snapshot' })
  })

  test('[S2] [S4] replay, then live; the cursor follows', () => {
    const { reader, told } = run(newReader('s'), ok('replay', cursor(0)), ev(0, log(3)), {
      t: 'live',
      sub: '1',
      cursor: cursor(3),
    })
    expect(reader).toMatchObject({ phase: 'live', cursor: cursor(3) })
    expect(seqs(told)).toEqual([1, 2, 3])
    expect(ask(rest(reader), '2')[1]).toMatchObject({ id: '2', cursor: cursor(3) })
  })

  test('[E3] what it has is ignored, wholly or in part', () => {
    const { reader, told } = run(
      newReader('s'),
      ok('replay', cursor(0)),
      ev(0, log(3)),
      ev(0, log(3)),
      ev(1, log(5).slice(1)),
    )
    expect(seqs(told)).toEqual([1, 2, 3, 4, 5])
    expect(reader.cursor).toBe(cursor(5))
  })

  test('[E2] a hole is not applied: it asks again from its own cursor', () => {
    const { reader, told } = run(newReader('s'), ok('replay', cursor(0)), ev(0, log(3)), ev(4, log(6).slice(4)))
    expect(seqs(told)).toEqual([1, 2, 3])
    expect(reader).toMatchObject({ phase: 'idle', sub: '', cursor: cursor(3) })
  })

  test('[E5] a delta that does not follow is a divergence: a snapshot is asked for', () => {
    const bad: Event = { seq: 3, at: 3, by: 'agent:a', type: 'text', mid: 'm', part: 0, offset: 99, delta: 'x' }
    const { reader } = run({ ...newFold('s'), from: 'start' }, ok('replay', cursor(0)), ev(0, log(2)), ev(2, [bad]))
    expect(reader).toMatchObject({ phase: 'idle', cursor: null, from: 'snapshot', lost: cursor(2) })
    expect(reader.state?.seq).toBe(2)
  })

  test('[E5] a divergence that comes again and again is asked about ever later', () => {
    const bad: Event = { seq: 2, at: 3, by: 'agent:a', type: 'text', mid: 'm', part: 0, offset: 99, delta: 'x' }
    let reader = newFold('s')
    const waits: number[] = []
    for (let i = 0; i < 6; i++) {
      reader = run(
        reader,
        ok('snapshot', cursor(1), { ...emptySession, seq: 1 }),
        { t: 'live', sub: '1', cursor: cursor(1) },
        ev(1, [bad]),
      ).reader
      waits.push(reader.notBefore - at.now)
    }
    expect(waits).toEqual([0, 250, 500, 1000, 2000, 4000])
  })

  test('[S6] a snapshot stands for everything up to its cursor', () => {
    const state = foldSession(emptySession, log(10))
    const { reader, told } = run(newFold('s'), ok('snapshot', cursor(10), state), ev(10, log(12).slice(10)))
    expect(reader.state).toEqual(foldSession(emptySession, log(12)))
    expect(told[0]).toMatchObject({ type: 'jumped', before: null, cursor: cursor(10), diverged: false })
  })

  test.each([
    ['ahead of the log', cursor(20), cursor(10), true],
    ['of another epoch', cursor(5), cursor(10, 2), true],
    ['far behind', cursor(5), cursor(6000), false],
  ])('[S6] [S7] a cursor %s: the jump says whether the log went back', (_name, had, given, diverged) => {
    const first = run(newReader('s', { cursor: had }), no({ code: 'cursor_diverged' })).reader
    expect(first).toMatchObject({ phase: 'idle', cursor: null, from: 'snapshot' })
    const { told } = run(first, ok('snapshot', given, emptySession))
    expect(told[0]).toMatchObject({ type: 'jumped', before: had, cursor: given, diverged })
  })

  test('[S7] another epoch in the middle is a divergence too', () => {
    const { reader } = run(newReader('s'), ok('replay', cursor(0)), ev(0, log(3)), ev(3, log(4).slice(3), 2))
    expect(reader).toMatchObject({ cursor: null, from: 'snapshot', lost: cursor(3) })
  })

  test('[S4] an answer that begins elsewhere is not believed', () => {
    const { reader } = run(newReader('s', { cursor: cursor(3) }), ok('replay', cursor(9)))
    expect(reader).toMatchObject({ phase: 'idle', cursor: null, from: 'snapshot' })
  })

  test('[S9] a final refusal is told once, and asked about no more', () => {
    const { reader, told } = run(newReader('s'), no({}))
    expect(reader).toMatchObject({ phase: 'failed', error: { code: 'not_found' } })
    expect(told).toEqual([{ type: 'failed', error: { code: 'not_found', message: '', retryable: false } }])
    expect(rest(reader)).toBe(reader)
  })

  test('[S11] a refusal for now is asked about again, after its time', () => {
    expect(
      run(newReader('s'), no({ code: 'rate_limited', retryable: true, retry_after_ms: 300 })).reader,
    ).toMatchObject({ phase: 'idle', notBefore: 1300 })
    expect(run(newReader('s'), no({ code: 'moved', retryable: true })).reader.notBefore).toBeGreaterThan(1000)
  })

  test('[F3] says what it got, every quarter of a window', () => {
    const { reader } = run(newReader('s'), ok('replay', cursor(0)), ev(0, log(3)))
    expect(thank(reader)[1]).toBeUndefined()
    const [next, got] = thank({ ...reader, bytes: gotEvery })
    expect(got).toEqual({ t: 'got', sub: '1', cursor: cursor(3) })
    expect(next.bytes).toBe(0)
  })

  test('[I9] [S6] for every cut: the snapshot at c and the tail from c are the fold of all', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        (length, where, size) => {
          const c = Math.min(length, where)
          const tail: ServerFrame[] = []
          for (let i = c; i < length; i += size) tail.push(ev(i, log(length).slice(i, Math.min(length, i + size))))
          const { reader } = run(newFold('s'), ok('snapshot', cursor(c), foldSession(emptySession, log(c))), ...tail)
          expect(reader.state).toEqual(foldSession(emptySession, log(length)))
        },
      ),
    )
  })
})

describe('fragments', () => {
  const cut = (text: string, size: number): readonly string[] => {
    const n = Math.ceil(text.length / size)
    return Array.from({ length: n }, (_, i) =>
      JSON.stringify({ t: 'frag', i, n, data: text.slice(i * size, (i + 1) * size) }),
    )
  }

  test('[E8] a frame that came in pieces is the frame, wherever it was cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 5, max: 40 }), (text, size) => {
        const frame = { t: 'eph', data: text }
        let rest = noFragments
        const frames: unknown[] = []
        for (const piece of cut(JSON.stringify(frame), size)) {
          const got = receive(rest, piece)
          rest = must(got).rest
          if (got?.frame !== undefined) frames.push(got.frame)
        }
        expect(frames).toEqual([frame])
        expect(rest).toBe(noFragments)
      }),
      { numRuns: 30 },
    )
  })

  test('[E8] pieces out of order, a frame in between, or what is no frame: the connection is not trusted', () => {
    const [first = '', , third = ''] = cut(JSON.stringify({ t: 'eph', data: 'abcdefghij' }), 8)
    const had = must(receive(noFragments, first)).rest
    for (const text of [first, third, '{"t":"ping","n":1}', '', 'x', '[]', 'null', '{"n":1}', '{"t":1}'])
      expect(receive(had, text)).toBeUndefined()
    expect(receive(noFragments, third)).toBeUndefined()
  })
})

describe('event streams', () => {
  const stream =
    ': hello\n\nevent: data\ndata:[{"seq":1}]\nid:1\n\nevent: control\r\ndata: {"a":1}\r\n\r\ndata:x\ndata:y\n\n'
  const all = [
    { event: 'data', data: '[{"seq":1}]' },
    { event: 'control', data: '{"a":1}' },
    { event: '', data: 'x\ny' },
  ]

  test('[H4] the events are the same, wherever the text was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 12 }), (cuts) => {
        const parse = newSseParser()
        const places = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
        const pieces = places.slice(1).map((end, i) => stream.slice(places[i], end))
        expect(pieces.flatMap((piece) => parse(piece))).toEqual(all)
      }),
    )
  })

  test('[H4] what was not ended by an empty line is no event', () => {
    expect(newSseParser()('event: data\ndata:[1]\n')).toEqual([])
  })
})
