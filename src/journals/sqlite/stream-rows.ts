import type { Stream } from '../../core/streams.ts'
import { checksum } from './checksum.ts'

/** A raw stream as it is stored. */
export const streamSum = (id: number, info: string): number => checksum([id], info)
export const appendSum = (stream: number, first: number, last: number, data: Uint8Array): number =>
  checksum([stream, first, last], data)
export const producerSum = (stream: number, name: string, epoch: number, seq: number): number =>
  checksum([stream, name, epoch, seq])

/** The stream of a row, or undefined when the row is not what was written. */
export const streamOf = (raw: Record<string, unknown>): Stream | undefined =>
  streamSum(Number(raw['id']), String(raw['info'])) === raw['sum']
    ? (JSON.parse(String(raw['info'])) as Stream)
    : undefined
