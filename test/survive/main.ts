import { parseArgs } from 'node:util'
import { harmOf, table } from './count.ts'
import type { Driver } from './driver.ts'
import { holdfast } from './holdfast.ts'
import { survive } from './survive.ts'

/** The servers that are put in the table. Another one is a file with its driver, and a line here. */
const drivers: Readonly<Record<string, () => Promise<Driver>>> = { holdfast }

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '0.3' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
    server: { type: 'string', multiple: true, default: Object.keys(drivers) },
  },
})
const seed = Number(values.seed)
const seconds = Number(values.minutes) * 60
console.log(
  `Two clients, one session: kills, cuts, half-open connections and reloads for ${seconds} s, then one long answer.`,
)
console.log(`Seed ${seed}; --seed ${seed} runs the same faults again, --minutes N for longer.\n`)

const lines = []
for (const name of values.server) {
  const driver = await drivers[name]?.()
  if (driver === undefined)
    throw new Error(`There is no driver "${name}"; there are ${Object.keys(drivers).join(', ')}.`)
  try {
    const { line } = await survive({ driver, seed, seconds, say: (text) => console.log(`${name}: ${text}`) })
    lines.push(line)
  } finally {
    await driver.close()
  }
}
console.log(`\n${table(lines)}\n`)
const harm = lines.reduce((sum, line) => sum + harmOf(line), 0)
console.log(harm === 0 ? 'Nothing was lost, doubled or run twice.' : 'Something was lost, doubled or run twice.')
process.exit(harm === 0 ? 0 : 1)
