import type { Producer, Stream, StreamName, StreamRow } from './streams.ts'

/** What the rules need of a store, inside one transaction. */
export interface StreamTables {
  find(name: StreamName): Stream | undefined
  get(id: number): Stream | undefined
  /** Gives it an id that was never used before. */
  insert(stream: Omit<Stream, 'id'>): Stream
  update(stream: Stream): void
  /** With its rows and producers. */
  delete(id: number): void
  producer(stream: number, producer: string): Pick<Producer, 'epoch' | 'seq'> | undefined
  setProducer(stream: number, producer: Producer): void
  addRow(stream: number, row: StreamRow): void
  /** The append that the position is in. */
  rowAt(stream: number, position: number): Pick<StreamRow, 'start' | 'end'> | undefined
}
