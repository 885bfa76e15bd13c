import { parseArgs } from 'node:util'
import { type Bug, bugs } from './bugs.ts'
import { explain, many, speed } from './many.ts'
import { simulate } from './simulate.ts'

const help = `Runs the real gateway, journal and client in virtual time, with faults drawn from seeds.

  node test/simulation/run.ts --seeds 100000 [--from 1] [--threads 2]   many seeds; exit code 1 when one breaks an invariant
  node test/simulation/run.ts --seed 42                                 one seed, told event by event
  … --bug "no fence"                                                    with a planted bug: ${Object.keys(bugs).join(', ')}
`

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    bug: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const isBug = (name: string | undefined): name is Bug => name !== undefined && Object.hasOwn(bugs, name)
const bug = isBug(values.bug) ? values.bug : undefined

if (values.help || (values.bug !== undefined && bug === undefined)) console.log(help)
else if (values.seed !== undefined) {
  const outcome = await simulate(Number(values.seed), {
    line: console.log,
    ...(bug !== undefined && { plant: bugs[bug] }),
  })
  console.log(outcome.violation === undefined ? `seed ${outcome.seed}: all invariants hold` : explain(outcome, bug))
  console.log(`${outcome.events} events, trace ${outcome.hash}`)
  process.exitCode = outcome.violation === undefined ? 0 : 1
} else {
  const seeds = Number(values.seeds ?? 20_000)
  const summary = await many(
    { from: Number(values.from), seeds, ...(bug !== undefined && { bug }) },
    Number(values.threads),
  )
  for (const outcome of summary.failed) console.log(explain(outcome, bug))
  console.table(Object.fromEntries(Object.entries(summary.counts).sort(([a], [b]) => a.localeCompare(b))))
  const each = Math.round(summary.events / summary.seeds)
  console.log(`${summary.seeds} seeds, ${summary.failed.length} failed, ${each} events each`)
  console.log(speed(summary, Number(values.threads)))
  process.exitCode = summary.failed.length === 0 ? 0 : 1
}
