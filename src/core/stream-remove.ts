import type { StreamTables } from './stream-tables.ts'

/** Deletes a stream; while it has forks, only its name is dead. What it was the last fork of goes with it. */
export const removeStream = (tables: StreamTables, id: number): void => {
  const stream = tables.get(id)
  if (stream !== undefined && stream.forks > 0) tables.update({ ...stream, gone: true })
  for (let dead = stream?.forks === 0 ? stream : undefined; dead !== undefined;) {
    tables.delete(dead.id)
    const source = dead.fork && tables.get(dead.fork.id)
    const left = source && { ...source, forks: source.forks - 1 }
    if (left !== undefined) tables.update(left)
    dead = left?.gone === true && left.forks === 0 ? left : undefined
  }
}

/** Writes down that a stream was used. */
export const touchStream = (tables: StreamTables, id: number, now: number): void => {
  const stream = tables.get(id)
  if (stream !== undefined && stream.touched < now) tables.update({ ...stream, touched: now })
}
