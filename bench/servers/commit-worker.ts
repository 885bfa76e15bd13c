import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/** The floor of a command: a thread that makes one FULL commit of a row when it is told to, and tells. */
const db = new DatabaseSync(String(workerData))
db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0;
  create table if not exists log (id integer primary key, json text not null) strict`)
const insert = db.prepare('insert into log (json) values (?)')
parentPort?.on('message', (json: string) => {
  db.exec('begin immediate')
  insert.run(json)
  db.exec('commit')
  parentPort?.postMessage('done')
})
