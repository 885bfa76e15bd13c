import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { checkedCommand, commandSum, type CommandRow } from './commands.ts'

/** id, hash, seq */
export type FlatDone = readonly [string, string, number]

/** Commands of a session, for its life: kept once, answered once. `noCommand` is asked when one is not found. */
export const commandWriter = (db: DatabaseSync, noCommand: (session: number, name: string) => void) => {
  const select = db.prepare('select * from command where session = ? and name = ?')
  const insert = db.prepare('insert into command (session, name, hash, seq, sum, body) values (?, ?, ?, ?, ?, ?)')
  const update = db.prepare('update command set hash = ?, seq = ?, sum = ?, body = null where id = ?')

  const find = (session: number, name: string): CommandRow | undefined => {
    const raw = select.get(session, name)
    if (raw === undefined) noCommand(session, name)
    return raw && checkedCommand(raw)
  }
  return {
    /** @throws Failure `command_id_reused` when it was used for something else */
    keep: (session: number, name: string, hash: string, body: string): 'new' | 'dup' => {
      const known = find(session, name)
      if (known !== undefined && known.hash !== hash) throw new Failure('command_id_reused')
      if (known !== undefined) return 'dup'
      insert.run(session, name, hash, 0, commandSum({ session, name, hash, seq: 0, body }), body)
      return 'new'
    },
    /** @throws Failure `conflict` */
    refuseAnswered: (session: number, done: readonly FlatDone[]): void => {
      for (const [name] of done)
        if ((find(session, name)?.seq ?? 0) > 0) throw new Failure('conflict', 'The command has been answered')
    },
    answer: (session: number, done: readonly FlatDone[]): void => {
      for (const [name, hash, seq] of done) {
        const sum = commandSum({ session, name, hash, seq, body: null })
        const known = select.get(session, name)
        if (known === undefined) insert.run(session, name, hash, seq, sum, null)
        else update.run(hash, seq, sum, Number(known['id']))
      }
    },
  }
}
