import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fork } from 'node:child_process'
import { type Figure, judged, met } from './figure.ts'

/**
 * `npm run bench [-- P4 P6 …]`: every figure, one script each in a process of its own, as one table and as
 * bench/results.json. Figures are ratios within one run; absolute times are printed and never judged.
 */
const wanted = process.argv.slice(2).map((name) => name.toLowerCase())
const scripts = readdirSync(import.meta.dirname)
  .filter((name) => /^p\d+-.*\.ts$/.test(name))
  .filter((name) => wanted.length === 0 || wanted.includes(name.split('-')[0] ?? ''))
  .sort((a, b) => Number.parseInt(a.slice(1), 10) - Number.parseInt(b.slice(1), 10))

const measure = (script: string): Promise<readonly Figure[]> =>
  new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'one.ts'), [script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    let figures: readonly Figure[] | undefined
    child.once('message', (message) => (figures = message as readonly Figure[]))
    child.once('exit', (code) =>
      figures === undefined ? reject(new Error(`${script} ended with ${code}`)) : resolve(figures),
    )
  })

const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

const row = (figure: Figure): readonly string[] => [
  figure.id,
  figure.name,
  `${number(figure.ours)} ${figure.unit}`,
  `${number(figure.floor)} (${figure.floorName})`,
  figure.peer === undefined ? '' : `${number(figure.peer)} (${figure.peerName ?? 'peer'})`,
  number(judged(figure)),
  figure.goal,
  met(figure) ? 'yes' : 'NO',
]

const figures: Figure[] = []
for (const script of scripts) {
  console.error(`${script} …`)
  figures.push(...(await measure(script)))
}
const table = [['#', 'figure', 'ours', 'floor', 'peer', 'ratio', 'goal', 'met'], ...figures.map(row)]
const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
for (const cells of table)
  console.log(
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(figures, null, 2)}\n`)
