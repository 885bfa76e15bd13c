import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { checkedCommand } from './commands.ts'
import { checkedSession } from './sessions.ts'

/**
 * A key that is not found is not there, or a flipped bit hides it. A hidden one still lies where the search ended, so
 * the entries on both sides of that place are checked, in the index and in the table.
 */
export const neighbours = (db: DatabaseSync) => {
  const look = (table: string, where: string, check: (raw: Record<string, unknown>) => { readonly name: string }) => {
    const beside = [
      db.prepare(`select id, name from ${table} where ${where} name < ? order by name desc limit 1`),
      db.prepare(`select id, name from ${table} where ${where} name > ? order by name limit 1`),
    ]
    const row = db.prepare(`select * from ${table} where id = ?`)
    return (...key: readonly SQLInputValue[]): void => {
      for (const statement of beside) {
        const entry = statement.get(...key)
        if (entry === undefined) continue
        const found = row.get(Number(entry['id']))
        if (found === undefined || check(found).name !== entry['name']) throw new Failure('session_damaged')
      }
    }
  }
  const session = look('session', '', checkedSession)
  const command = look('command', 'session = ? and', checkedCommand)
  return {
    /** @throws Failure `session_damaged` when the session may be there after all */
    noSession: (name: string): void => session(name),
    /** @throws Failure `session_damaged` when the command may be there after all */
    noCommand: (id: number, name: string): void => command(id, name),
  }
}
