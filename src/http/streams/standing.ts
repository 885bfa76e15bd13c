import type { Standing } from '../../dialects/durable-streams/headers.ts'
import type { Read } from '../../dialects/durable-streams/query.ts'
import type { Portion, Source } from './source.ts'

/** The position that a read starts from. @throws Failure `cursor_invalid`, `cursor_diverged` */
export const startOf = async (source: Source, { offset = '-1' }: Read): Promise<number> => {
  if (offset === '-1') return 0
  return offset === 'now' ? (await source.tail()).position : source.locate(offset)
}

/** What a reader has after a portion that it read from `from`. */
export const standing = (
  source: Source,
  { pieces, tail }: Portion,
  from: number,
): Standing & { readonly position: number } => {
  const position = pieces.at(-1)?.next ?? from
  const upToDate = position >= tail.position
  return { position, next: source.offset(position), upToDate, closed: upToDate && tail.closed }
}
