import { toBatch } from '../core/batch.ts'
import type { Event } from '../core/events.ts'
import { Failure } from '../core/failures.ts'
import type { Batch } from '../core/ports.ts'

/** A commit as it is stored. @throws Failure `invalid_request` for what JSON cannot hold, such as a circle */
export const encode = (events: readonly Event[]): Batch => {
  try {
    return toBatch(events)
  } catch (error) {
    throw new Failure('invalid_request', 'An event cannot be written as JSON', { cause: error })
  }
}
