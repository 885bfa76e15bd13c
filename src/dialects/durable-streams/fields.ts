import { Failure } from '../../core/failures.ts'
import type { Producer } from '../../core/streams.ts'
import { header } from './headers.ts'

/** The value of a request header; undefined when it is not there. */
export type Field = (name: string) => string | undefined

/** UTF-16 units of a producer's name or a Stream-Seq: they are kept for each stream. */
const longest = 256

const whole = /^(?:0|[1-9]\d{0,15})$/

const count = (field: Field, name: string): number | undefined => {
  const text = field(name)
  if (text === undefined) return undefined
  if (!whole.test(text) || !Number.isSafeInteger(Number(text)))
    throw new Failure('invalid_request', `${name} must be a whole number`, { param: name })
  return Number(text)
}

/** `true` in any case closes; any other value is as if the header were not there. */
export const readClosed = (field: Field): boolean => field(header.closed)?.toLowerCase() === 'true'

/** @throws Failure `invalid_request` when some of the three are missing or not valid */
export const readProducer = (field: Field): Producer | undefined => {
  const id = field(header.producerId)
  const epoch = count(field, header.producerEpoch)
  const seq = count(field, header.producerSeq)
  if (id === undefined && epoch === undefined && seq === undefined) return undefined
  if (id === undefined || id === '' || id.length > longest || epoch === undefined || seq === undefined)
    throw new Failure('invalid_request', 'Producer-Id, Producer-Epoch and Producer-Seq come together', {
      param: header.producerId,
    })
  return { id, epoch, seq }
}

/** @throws Failure `invalid_request` */
export const readSeq = (field: Field): string | undefined => {
  const seq = field(header.seq)
  if (seq !== undefined && seq.length > longest)
    throw new Failure('invalid_request', 'Stream-Seq is too long', { param: header.seq })
  return seq
}

const timestamp = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/

/** Both in one request are refused. @throws Failure `invalid_request` */
export const readLifetime = (field: Field): { readonly ttl?: number; readonly expires?: number } => {
  const ttl = count(field, header.ttl)
  const text = field(header.expiresAt)
  if (text === undefined) return ttl === undefined ? {} : { ttl }
  if (ttl !== undefined)
    throw new Failure('invalid_request', 'Stream-TTL or Stream-Expires-At, not both', { param: header.ttl })
  const expires = timestamp.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(expires))
    throw new Failure('invalid_request', 'Stream-Expires-At must be an RFC 3339 time', { param: header.expiresAt })
  return { expires }
}

/** The source as it was written, the offset in it, and how far after it. @throws Failure `invalid_request` */
export const readFork = (
  field: Field,
): { readonly from: string; readonly offset?: string; readonly sub: number } | undefined => {
  const from = field(header.forkedFrom)
  const offset = field(header.forkOffset)
  const sub = count(field, header.forkSubOffset)
  if (from === undefined) {
    if (offset === undefined && sub === undefined) return undefined
    throw new Failure('invalid_request', 'A fork offset needs Stream-Forked-From', { param: header.forkedFrom })
  }
  if (offset === undefined && sub !== undefined && sub > 0)
    throw new Failure('invalid_request', 'A sub-offset needs Stream-Fork-Offset', { param: header.forkOffset })
  return { from, sub: sub ?? 0, ...(offset !== undefined && { offset }) }
}
