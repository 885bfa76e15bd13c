import type { DatabaseSync } from 'node:sqlite'
import { Failure } from '../../core/failures.ts'
import { connect } from './connection.ts'
import type { FromReader, ToReader } from './messages.ts'
import type { Plain } from './operations.ts'
import { readQueries } from './queries.ts'
import { storageFailure } from './storage-failure.ts'
import { workerPort } from './worker-port.ts'

/** The thread that reads: a slow disk or a long search never holds up the event loop. It cannot write. */
const port = workerPort()
const tell = (message: FromReader) => port.postMessage(message)

let close = () => {}
let ask = (_name: string, _args: readonly Plain[]): Plain => {
  throw new Failure('draining')
}

const open = (file: string) => {
  const db: DatabaseSync = connect(file, true)
  const queries = readQueries(db)
  const table = queries.table as Readonly<Record<string, (...args: readonly Plain[]) => Plain>>
  ask = (name, args) => {
    db.exec('begin')
    try {
      queries.look()
      const query = table[name]
      if (query === undefined) throw new Failure('internal', `no query ${name}`)
      return query(...args)
    } catch (error) {
      throw storageFailure(error, file)
    } finally {
      db.exec('commit')
    }
  }
  close = () => db.close()
}

port.on('message', (message: ToReader) => {
  if ('open' in message) {
    open(message.open)
    tell({ opened: true })
  } else if ('ask' in message) {
    const { id, name, args } = message.ask
    try {
      tell({ result: { id, value: ask(name, args) } })
    } catch (error) {
      const { code, message } = error instanceof Failure ? error : new Failure('internal')
      tell({ result: { id, failed: [code, message] } })
    }
  } else {
    close()
    tell({ closed: true })
    port.close()
  }
})
