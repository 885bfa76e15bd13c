import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'

/** 1 MiB: how long a commit waits for a step. */
const pagesAStep = 256

/**
 * Copies the journal while it is written to. It must run on the writing connection: a copy made from another one starts
 * again with every commit. The copy knows that it is one: opened as a journal, it starts a new epoch.
 * @param between is called between two steps, the only time at which the journal may be written to: a step copies what
 * the connection sees, also half a transaction.
 */
export const backupJournal = async (db: DatabaseSync, path: string, between: () => void): Promise<void> => {
  const part = `${path}.part`
  rmSync(part, { force: true })
  try {
    await backup(db, part, { rate: pagesAStep, progress: between })
    const copy = new DatabaseSync(part)
    copy.exec(`pragma journal_mode = delete;
      update meta set value = value + 1 where key = 'epoch'; update meta set value = 1 where key = 'restored'`)
    copy.close()
    sync(part)
    renameSync(part, path)
    sync(dirname(path))
  } finally {
    rmSync(part, { force: true })
  }
}

const sync = (path: string): void => {
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}
