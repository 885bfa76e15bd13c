import { Failure } from '../../core/failures.ts'
import { checksum } from './checksum.ts'

/** A command as stored. `body` is the command as JSON while it waits, `seq` 0 until it is answered. */
export interface CommandRow {
  readonly id: number
  readonly session: number
  readonly name: string
  readonly hash: string
  readonly seq: number
  readonly body: string | null
}

export const commandSum = ({ session, name, hash, seq, body }: Omit<CommandRow, 'id'>): number =>
  checksum([session, name, hash, seq], body ?? '')

/** A row of `command` as read. @throws Failure `session_damaged` when its checksum does not fit */
export const checkedCommand = (raw: Record<string, unknown>): CommandRow => {
  const row = raw as unknown as CommandRow & { readonly sum: number }
  if (commandSum(row) !== row.sum) throw new Failure('session_damaged')
  return row
}
