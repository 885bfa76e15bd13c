import type { Event, Said } from './events.ts'
import type { Batch } from './ports.ts'

const parsed = new WeakMap<Batch, readonly Event[]>()

/** Gives what was said its place in the log. */
export const place = (said: readonly Said[], head: number): readonly Event[] =>
  said.map((one, index) => ({ seq: head + 1 + index, ...one }))

/** One commit's events as they are stored and sent: encoded once, whoever reads them. */
export const toBatch = (events: readonly Event[]): Batch => {
  const batch: Batch = {
    first: events[0]?.seq ?? 0,
    last: events.at(-1)?.seq ?? 0,
    json: events.map((event) => JSON.stringify(event)).join(),
  }
  parsed.set(batch, events)
  return batch
}

/** The events of a batch, parsed once. */
export const eventsOf = (batch: Batch): readonly Event[] => {
  const known = parsed.get(batch)
  if (known !== undefined) return known
  const events = JSON.parse(`[${batch.json}]`) as readonly Event[]
  parsed.set(batch, events)
  return events
}

/**
 * The part of a batch after a cursor. Only a reader whose cursor points into the middle of a commit pays for parsing.
 */
export const after = (batch: Batch, seq: number): Batch | undefined => {
  if (seq < batch.first) return batch
  return seq >= batch.last ? undefined : toBatch(eventsOf(batch).filter((event) => event.seq > seq))
}
