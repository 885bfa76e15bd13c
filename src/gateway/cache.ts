import type { Batch, Chunk, Journal } from '../core/ports.ts'

/** Characters of JSON kept per followed session, so that live readers never touch the disk. */
const ringSize = 262_144

interface Ring {
  batches: Batch[]
  size: number
  /** The newest answer: most readers are at the same place. */
  latest: { readonly after: number; readonly max: number; readonly chunk: Chunk } | undefined
  readonly wakes: Set<(batch: Batch | undefined) => void>
  readonly stop: () => void
}

export interface CachedJournal extends Journal {
  /** What `read` gives, at once, when it is in memory. */
  readonly recent: (session: string, after: number, max: number) => Chunk | undefined
}

/**
 * A journal whose newest commits are read from memory while someone follows the session. One watch a session is kept on
 * the journal below, however many readers there are.
 */
export const cached = (journal: Journal): CachedJournal => {
  const rings = new Map<string, Ring>()

  const open = (session: string): Ring => {
    const ring: Ring = {
      batches: [],
      size: 0,
      latest: undefined,
      wakes: new Set(),
      stop: journal.watch(session, (batch) => {
        ring.latest = undefined
        if (batch === undefined || (ring.batches.at(-1)?.last ?? batch.first - 1) !== batch.first - 1) {
          ring.batches = []
          ring.size = 0
        }
        if (batch !== undefined) {
          ring.batches.push(batch)
          ring.size += batch.json.length
          while (ring.size > ringSize && ring.batches.length > 1) ring.size -= ring.batches.shift()?.json.length ?? 0
        }
        for (const wake of ring.wakes) wake(batch)
      }),
    }
    rings.set(session, ring)
    return ring
  }

  const watch: Journal['watch'] = (session, wake) => {
    const ring = rings.get(session) ?? open(session)
    ring.wakes.add(wake)
    return () => {
      ring.wakes.delete(wake)
      if (ring.wakes.size > 0 || rings.get(session) !== ring) return
      rings.delete(session)
      ring.stop()
    }
  }

  const recent = (session: string, after: number, max: number): Chunk | undefined => {
    const ring = rings.get(session)
    const head = ring?.batches.at(-1)?.last
    if (ring === undefined || head === undefined || after > head) return undefined
    if (ring.latest?.after === after && ring.latest.max === max) return ring.latest.chunk
    if (after < (ring.batches[0]?.first ?? 0) - 1) return undefined
    const chunk = { batches: portion(ring.batches, after, max), head }
    ring.latest = { after, max, chunk }
    return chunk
  }

  return {
    ...journal,
    get epoch() {
      return journal.epoch
    },
    watch,
    recent,
    read: (session, after, max = ringSize) => {
      const chunk = recent(session, after, max)
      return chunk === undefined ? journal.read(session, after, max) : Promise.resolve(chunk)
    },
  }
}

/** What follows `after`, about `max` characters of it. */
const portion = (batches: readonly Batch[], after: number, max: number): readonly Batch[] => {
  const taken: Batch[] = []
  let size = 0
  for (
    let i = Math.max(
      0,
      batches.findLastIndex((batch) => batch.first <= after + 1),
    );
    i < batches.length;
    i++
  ) {
    const batch = batches[i]
    if (batch === undefined || batch.last <= after) continue
    if (size >= max && taken.length > 0) break
    taken.push(batch)
    size += batch.json.length
  }
  return taken
}
