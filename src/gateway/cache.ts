import type { Batch, Chunk, Journal } from '../core/ports.ts'

/** Characters of JSON kept per followed session, so that live readers never touch the disk. */
const ringSize = 262_144

interface Ring {
  batches: Batch[]
  size: number
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
      wakes: new Set(),
      stop: journal.watch(session, (batch) => {
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

  const fromRing = (session: string, after: number, max: number): Chunk | undefined => {
    const batches = rings.get(session)?.batches
    const head = batches?.at(-1)?.last
    if (batches === undefined || head === undefined || after > head || after < (batches[0]?.first ?? 0) - 1)
      return undefined
    const start = batches.findLastIndex((batch) => batch.first <= after + 1)
    let size = 0
    const taken: Batch[] = []
    for (let i = Math.max(0, start); i < batches.length && (size < max || taken.length === 0); i++) {
      const batch = batches[i] as Batch
      if (batch.last <= after) continue
      taken.push(batch)
      size += batch.json.length
    }
    return { batches: taken, head }
  }

  return {
    ...journal,
    get epoch() {
      return journal.epoch
    },
    watch,
    recent: fromRing,
    read: (session, after, max = ringSize) => {
      const chunk = fromRing(session, after, max)
      return chunk === undefined ? journal.read(session, after, max) : Promise.resolve(chunk)
    },
  }
}
