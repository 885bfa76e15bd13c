import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from './process.mjs'

// What people read goes to stderr: the output of `npm start -- --json` is for a program.
const say = (text) => process.stderr.write(text)

/** Does something that takes a while, telling what and how long it took. */
const step = async (what, work) => {
  const started = Date.now()
  say(`${what} …\n`)
  await work()
  say(`  done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
}

const json = (file) => JSON.parse(readFileSync(file, 'utf8'))
const atLeast = (version, least) => {
  const parts = version.split('.').map(Number)
  const differs = least.findIndex((part, index) => part !== parts[index])
  return differs < 0 || (parts[differs] ?? 0) > least[differs]
}

/** Node 24 brings type stripping and node:sqlite; SQLite before 3.51.3 can corrupt a WAL that two connections reset. */
const isModern = ({ node, sqlite }) => atLeast(node, [24, 0, 0]) && atLeast(sqlite ?? '0', [3, 51, 3])

const pinned = join('node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** The Node that runs our code: the one that runs this if it is new enough, else the one that is pinned in package.json. */
export const modernNode = () => (isModern(process.versions) ? process.execPath : join(process.cwd(), pinned))

/** The file that a package's command is, to be run by a Node of our choice. */
export const packageBin = (name) => {
  const { bin } = json(join('node_modules', name, 'package.json'))
  const command = name === 'typescript' ? 'tsc' : name
  return join('node_modules', name, typeof bin === 'string' ? bin : bin[command])
}

/** Whether node_modules is what package-lock.json says: every package that is not optional is there in its version. */
const isInstalled = () => {
  if (!existsSync('node_modules/.package-lock.json')) return false
  const wanted = json('package-lock.json').packages
  const have = json('node_modules/.package-lock.json').packages
  return (
    Object.entries(wanted).every(([path, { optional, version }]) =>
      have[path] === undefined ? path === '' || optional === true : have[path].version === version,
    ) && Object.keys(have).every((path) => wanted[path] !== undefined)
  )
}

const npm = (...args) => {
  const [file, first] = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, [process.env.npm_execpath]]
    : ['npm', []]
  return run(file, [...first, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: file === 'npm' && process.platform === 'win32',
  })
}

/** `npm ci`, when something is missing or of another version. */
export const install = async () => {
  if (!isInstalled())
    await step('Installing the locked dependencies (once; it takes a minute)', async () => {
      const code = await npm('ci', '--include=dev', '--loglevel=error', '--no-audit', '--no-fund')
      if (code !== 0) throw new Error('the dependencies could not be installed; npm says above why.')
    })
  if (isModern(process.versions) || runs(pinned)) return
  // Somebody's npm has install scripts switched off: what that one script does is to fetch the binary.
  await step(
    `Fetching Node ${json('node_modules/node/package.json').version} (this one is ${process.versions.node})`,
    async () => {
      await run(process.execPath, ['installArchSpecificPackage.js'], { cwd: 'node_modules/node', stdio: 'ignore' })
      if (!runs(pinned))
        throw new Error(
          'no Node for this machine could be fetched: install Node 24 or newer from https://nodejs.org and try again.',
        )
    },
  )
}

const runs = (file) => {
  if (!existsSync(file)) return false
  try {
    execFileSync(file, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const filesOf = (path) => {
  if (!existsSync(path)) return []
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

const stamp = join('dist', 'web.sha256')

/** A hash of everything that the page is made of. Times of files say nothing: git and images set them anew. */
const pageHash = () => {
  const hash = createHash('sha256')
  const files = ['web', 'src/core', 'src/client', 'src/react'].flatMap(filesOf)
  for (const file of files.sort((one, other) => (one < other ? -1 : 1)))
    hash.update(`${file}\n`).update(readFileSync(file))
  return hash.update(readFileSync('package-lock.json')).digest('hex')
}

/** Builds the page into dist/web, when it is not there or something that it is made of has changed. */
export const build = async () => {
  if (!existsSync('web/index.html')) return
  const hash = pageHash()
  if (existsSync('dist/web/index.html') && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  await step('Building the page', async () => {
    const code = await run(modernNode(), [
      packageBin('vite'),
      'build',
      'web',
      '--outDir',
      join(process.cwd(), 'dist', 'web'),
      '--emptyOutDir',
      '--logLevel',
      'warn',
    ])
    if (code !== 0) throw new Error('the page could not be built; it says above why.')
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, hash)
  })
}
