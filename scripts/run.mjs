// The way into a clone: every npm script comes through here. Node 20 and nothing else must be enough to run this file,
// so it uses no dependency and no syntax of ours; what it starts runs on a Node that is new enough.
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, install, modernNode, packageBin } from './setup.mjs'
import { run } from './process.mjs'
import { summaryLine, resultsFile } from './summary.mjs'

const [task = 'start', ...args] = process.argv.slice(2)

/** Runs a tool that a package brings. */
const tool = (name, ...rest) => run(modernNode(), [packageBin(name), ...rest])

/** The checks, cheapest first; all of them run, whatever the one before found. */
const checks = () => [
  ['format', () => tool('oxfmt', '--check', '.')],
  ['lint', () => tool('oxlint', '--type-aware')],
  ['types', () => tool('typescript', '-p', '.')],
  ...(existsSync('web/tsconfig.json') ? [['types of the page', () => tool('typescript', '-p', 'web')]] : []),
  ['unused code', () => tool('knip')],
]

const tasks = {
  start: async () => {
    await build()
    return run(modernNode(), ['src/cli.ts', ...args])
  },
  test: async () => {
    await build()
    rmSync(resultsFile, { force: true })
    const reports = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultsFile}`]
    const code = await tool('vitest', 'run', ...reports, ...args)
    console.log(`\n${summaryLine(code)}`)
    return code
  },
  check: async () => {
    const failed = []
    for (const [name, check] of checks()) {
      const code = await check()
      if (code !== 0) failed.push(name)
    }
    console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}.`)
    return failed.length === 0 ? 0 : 1
  },
  build: async () => {
    await build()
    return 0
  },
  /** What a package holds beside the page: compiled sources and their types. */
  pack: async () => {
    rmSync('lib', { recursive: true, force: true })
    await build()
    return tool('typescript', '-p', 'tsconfig.build.json')
  },
  /** A script of ours: `node scripts/run.mjs script bench/main.ts …` */
  script: async () => {
    await build()
    return run(modernNode(), args)
  },
}

const main = async () => {
  if (!Object.hasOwn(tasks, task)) {
    console.error(`There is no task "${task}"; there are ${Object.keys(tasks).join(', ')}.`)
    return 64
  }
  await install()
  return tasks[task]()
}

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
process.exitCode = await main().catch((error) => {
  console.error(`\nholdfast: ${error.message}`)
  return 1
})
