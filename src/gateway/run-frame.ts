import type { Dialect, Run } from '../core/dialect.ts'
import type { Batch } from '../core/ports.ts'
import { fragments } from './fragments.ts'

const shared = new WeakMap<Batch, Map<string, readonly Uint8Array[] | undefined>>()

/**
 * A run of events as bytes: encoded once for all the readers that are at the same place and call their subscription by
 * the same name, however many there are. Kept only as long as the first of its batches is.
 */
export const runFrame = (dialect: Dialect, run: Run): readonly Uint8Array[] | undefined => {
  const first = run.batches[0]
  if (first === undefined) return undefined
  const known = shared.get(first) ?? new Map<string, readonly Uint8Array[] | undefined>()
  shared.set(first, known)
  const key = `${dialect.name} ${run.prev} ${run.cursor} ${run.sub}`
  if (!known.has(key)) {
    const text = dialect.encodeRun(run)
    known.set(key, text === undefined ? undefined : fragments(text).map((piece) => Buffer.from(piece)))
  }
  return known.get(key)
}
