import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { appendStream } from '../../core/stream-append.ts'
import { createStream } from '../../core/stream-create.ts'
import { removeStream, touchStream } from '../../core/stream-remove.ts'
import type { StreamTables } from '../../core/stream-tables.ts'
import type { AppendStream, CreateStream, Stream } from '../../core/streams.ts'
import type { Module, Plain } from './operations.ts'
import { appendSum, producerSum, streamOf, streamSum } from './stream-rows.ts'

const damaged = 'The stored data of this stream is damaged; run "holdfast verify"'

/** ms since 1970 from which on a stream may have expired. */
const expiryOf = ({ ttl, expires, touched, gone }: Stream): number | null => {
  if (gone) return null
  return expires ?? (ttl === undefined ? null : touched + ttl * 1000)
}

const streamTables = (db: DatabaseSync): StreamTables => {
  const byName = db.prepare('select id, sum, info from stream where scope = ? and path = ?')
  const byId = db.prepare('select id, sum, info from stream where id = ?')
  const insert = db.prepare("insert into stream (scope, path, sum, info) values (?, ?, 0, '')")
  const update = db.prepare('update stream set expires = ?, sum = ?, info = ? where id = ?')
  const remove = db.prepare('delete from stream where id = ?')
  const removeAppends = db.prepare('delete from stream_append where stream = ?')
  const removeProducers = db.prepare('delete from stream_producer where stream = ?')
  const findProducer = db.prepare('select epoch, seq, sum from stream_producer where stream = ? and name = ?')
  const setProducer = db.prepare(
    'insert or replace into stream_producer (stream, name, epoch, seq, sum) values (?, ?, ?, ?, ?)',
  )
  const addAppend = db.prepare('insert into stream_append (stream, first, last, sum, data) values (?, ?, ?, ?, ?)')
  const appendAt = db.prepare(
    'select first, last from stream_append where stream = ?1 and first <= ?2 and last > ?2 order by first desc limit 1',
  )

  const save = (stream: Stream): void => {
    const info = JSON.stringify(stream)
    update.run(expiryOf(stream), streamSum(stream.id, info), info, stream.id)
  }
  return {
    find: ({ scope, path }) => {
      const raw = byName.get(scope, path)
      const stream = raw && streamOf(raw)
      if (raw !== undefined && stream === undefined) throw new Failure('session_damaged', damaged)
      return stream
    },
    get: (id) => {
      const raw = byId.get(id)
      const stream = raw && streamOf(raw)
      // No Failure, because something may have been written before: the transaction must not go through.
      if (raw !== undefined && stream === undefined) throw new RangeError(damaged)
      return stream
    },
    insert: (fresh) => {
      const stream = { ...fresh, id: Number(insert.run(fresh.scope, fresh.path).lastInsertRowid) }
      save(stream)
      return stream
    },
    update: save,
    delete: (id) => {
      for (const statement of [remove, removeAppends, removeProducers]) statement.run(id)
    },
    producer: (id, name) => {
      const raw = findProducer.get(id, name) as { epoch: number; seq: number; sum: number } | undefined
      if (raw !== undefined && producerSum(id, name, raw.epoch, raw.seq) !== raw.sum)
        throw new Failure('session_damaged', damaged)
      return raw
    },
    setProducer: (id, { id: name, epoch, seq }) => {
      setProducer.run(id, name, epoch, seq, producerSum(id, name, epoch, seq))
    },
    addRow: (id, { start, end, data }) => {
      addAppend.run(id, start, end, appendSum(id, start, end, data), data)
    },
    rowAt: (id, position) => {
      const raw = appendAt.get(id, position) as { first: number; last: number } | undefined
      return raw && { start: raw.first, end: raw.last }
    },
  }
}

/** The writes of raw streams. Requests and answers cross threads as JSON, what is appended as it is. */
export const streamOperations = (db: DatabaseSync) => {
  const tables = streamTables(db)
  const table = {
    streamCreate: (scope: string, path: string, request: string, data: Uint8Array, now: number): Plain =>
      JSON.stringify(createStream(tables, { scope, path }, { ...(JSON.parse(request) as CreateStream), data }, now)),
    streamAppend: (scope: string, path: string, request: string, data: Uint8Array, now: number, alive: number): Plain =>
      JSON.stringify(
        appendStream(tables, { scope, path }, { ...(JSON.parse(request) as AppendStream), data }, now, alive === 1),
      ),
    streamRemove: (id: number): Plain => {
      removeStream(tables, id)
      return null
    },
    streamTouch: (id: number, now: number): Plain => {
      touchStream(tables, id, now)
      return null
    },
  }
  return { table, settle: () => {}, committed: () => {}, rolledBack: () => {} } satisfies Module
}
