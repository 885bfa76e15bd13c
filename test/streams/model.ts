import { constant, constantFrom, double, oneof, record, string } from 'fast-check'
import { placeOf } from '../../src/core/stream-places.ts'
import type { StreamStore } from '../../src/core/streams.ts'
import { bytes, codeOf, name, plain, readText } from './short.ts'

const text = string({ minLength: 1, maxLength: 5, unit: constantFrom(...'abcdef') })
const path = constantFrom('p', 'q', 'r', 's')
const say = record({ do: constant('say' as const), path, text })

/** What may be done to a few streams. `part` says where in its source a fork begins: 0 at the start, 1 at the tail. */
export const action = oneof(
  record({ do: constant('make' as const), path, text }),
  say,
  say,
  record({ do: constant('fork' as const), path, from: path, part: double({ min: 0, max: 1, noNaN: true }) }),
  record({ do: constant('remove' as const), path }),
)
type Action = typeof action extends { generate(...args: never[]): { readonly value: infer T } } ? T : never

/** Does the same to a store and to a map of strings in which a fork is a copy. */
export const compare = async (streams: StreamStore, actions: readonly Action[]) => {
  const model = new Map<string, string>()
  const told: unknown[] = []
  const expected: unknown[] = []
  const check = (got: unknown, wanted: boolean): void => {
    told.push(got === 'ok')
    expected.push(wanted)
  }
  for (const one of actions) {
    const known = model.get(one.path)
    if (one.do === 'make') {
      const { data, count } = bytes(one.text)
      const made = await codeOf(streams.create(name(one.path), { ...plain, data, count }))
      // The name of a deleted stream that has forks cannot be used again.
      if (made === 'ok' && known === undefined) model.set(one.path, one.text)
    } else if (one.do === 'say') {
      check(await codeOf(streams.append(name(one.path), bytes(one.text))), known !== undefined)
      if (known !== undefined) model.set(one.path, known + one.text)
    } else if (one.do === 'remove') {
      check(await codeOf(streams.remove(name(one.path))), known !== undefined)
      model.delete(one.path)
    } else {
      const source = model.get(one.from)
      if (source === undefined || known !== undefined) continue
      const position = Math.floor(one.part * source.length)
      const at = placeOf(await streams.find(name(one.from), false), position)
      const made = await codeOf(streams.create(name(one.path), { ...plain, fork: { path: one.from, at, sub: 0 } }))
      if (made === 'ok') model.set(one.path, source.slice(0, position))
    }
  }
  const texts: (readonly [string, string])[] = []
  const portions: (readonly [string, string])[] = []
  for (const [known, all] of model) {
    texts.push([await readText(streams, known), all])
    for (let from = 0; from <= all.length; from += 3)
      portions.push([await readText(streams, known, from, 2), all.slice(from)])
  }
  return { told, expected, texts, portions }
}
