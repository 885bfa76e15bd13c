import { writeSync } from 'node:fs'
import { Failure } from '../../src/core/failures.ts'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { created, log } from './said.ts'

/**
 * A program to be hurt: sessions that append every few ms and say each line that was acknowledged.
 * Lines: `A session seq text` acknowledged, `E code` refused, `F` fatal (exit 70), `S attempts acknowledged lag` at the end.
 */
export interface FaultWriter {
  readonly file: string
  readonly sessions: number
  /** ms between two appends of a session */
  readonly every: number
  /** ms; 0: until it is killed */
  readonly for: number
  /** UTF-16 units an event */
  readonly size: number
  readonly durability?: 'strict' | 'relaxed' | 'off'
}
const options = JSON.parse(process.argv[2] ?? '{}') as FaultWriter
const say = (line: string) => writeSync(1, `${line}\n`)

const journal = await openSqliteJournal({
  file: options.file,
  durability: options.durability ?? 'strict',
  onFatal: () => {
    say('F')
    process.exit(70)
  },
})
const node = `n${process.pid}`
const start = performance.now()
let attempts = 0
let acknowledged = 0
let lag = 0
let beat = performance.now()
const heart = setInterval(() => {
  lag = Math.max(lag, performance.now() - beat - 5)
  beat = performance.now()
}, 5)

const stream = async (id: string): Promise<void> => {
  const taken = await journal
    .claim(id, { node, at: 1, create: true, opening: [created(id)] })
    .catch((error: unknown) => error)
  if (taken instanceof Failure) return void say(`E ${taken.code}`)
  const lease = taken as Awaited<ReturnType<typeof journal.claim>>
  say(`A ${id} 2 created`)
  let next = performance.now()
  for (let count = 0; options.for === 0 || performance.now() - start < options.for; count++) {
    const text = `${count}-${'x'.repeat(options.size)}`
    attempts++
    try {
      const [event] = await journal.append(lease, [log(text)])
      acknowledged++
      say(`A ${id} ${event?.seq} ${text}`)
    } catch (error) {
      say(`E ${error instanceof Failure ? error.code : String(error)}`)
    }
    next = Math.max(next + options.every, performance.now())
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())))
  }
}
await Promise.all(Array.from({ length: options.sessions }, (_, index) => stream(`${node}-${index}`)))
clearInterval(heart)
say(`S ${attempts} ${acknowledged} ${Math.round(lag)}`)
await journal.close()
