import { toBatch } from '../core/batch.ts'
import type { Event } from '../core/events.ts'
import { Failure } from '../core/failures.ts'
import type { Batch } from '../core/ports.ts'

const writable = <T>(write: () => T): T => {
  try {
    return write()
  } catch (error) {
    throw new Failure('invalid_request', 'Something in it cannot be written as JSON', { cause: error })
  }
}

/** A commit as it is stored. @throws Failure `invalid_request` for what JSON cannot hold, such as a circle */
export const encode = (events: readonly Event[]): Batch => writable(() => toBatch(events))

/** @throws Failure `invalid_request` */
export const toJson = (value: unknown): string => writable(() => JSON.stringify(value))
