import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** What stands beside us in the table is not part of the program, so nothing else installs it. */
const installPeers = async (): Promise<void> => {
  const peers = join(import.meta.dirname, 'peers')
  if (existsSync(join(peers, 'node_modules', '.package-lock.json'))) return
  console.error('Installing the peers, locked, into bench/peers (once) …')
  const args = ['ci', '--prefix', peers, '--loglevel=error', '--no-audit', '--no-fund']
  const npm = spawn('npm', args, { stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' })
  const [code] = (await once(npm, 'exit')) as [number]
  if (code !== 0) throw new Error('the peers could not be installed; npm says above why')
}

const measure = (script: string): Promise<readonly Figure[]> =>
  new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'one.ts'), [script], {
      // What servers of others print does not belong into the table.
      stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
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
  figure.most === undefined ? '' : met(figure) ? 'yes' : 'NO',
]

if (scripts.length === 0) {
  console.error(`There is no figure ${wanted.join(', ')}. Figures are called P2, P4, P6 and so on.`)
  process.exit(64)
}
await installPeers()
const figures: Figure[] = []
let failed = 0
for (const script of scripts) {
  console.error(`${script} …`)
  try {
    figures.push(...(await measure(script)))
  } catch (error) {
    failed++
    console.error(`  ${error instanceof Error ? error.message : String(error)}`)
  }
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
process.exitCode = failed > 0 ? 1 : 0
