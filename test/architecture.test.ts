import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * Who may import whom: folder of src/ → folders and packages. `node:` stands for Node's own modules. Nothing else is
 * allowed, so a new arrow is a decision made here.
 */
const table: Readonly<Record<string, readonly string[]>> = {
  core: ['zod'],
  journals: ['core', 'node:'],
  agents: ['core', 'node:', 'eventsource-parser'],
  dialects: ['core'],
  views: ['core'],
  gateway: ['core'],
  http: ['core', 'gateway', 'dialects', 'node:', 'ws', 'pino', 'rou3', 'zod'],
  client: ['core', 'node:'],
  config: ['core', 'node:', 'zod'],
}
/** Entries at the top of src/ put the parts together and may import all of them. */
const top = [...Object.keys(table), 'cli', 'config', 'env', 'start', 'node:', 'pino', 'zod']
/** What the client takes from core is erased or pure: a bundle of it has no dependency. */
const browserFree = ['src/client/node.ts', 'src/client/file-storage.ts']

const root = join(import.meta.dirname, '..')
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') || name.endsWith('.tsx'))
  .map((name) => join('src', name))

interface Import {
  readonly file: string
  readonly what: string
  readonly typeOnly: boolean
}
const importsOf = (file: string): readonly Import[] =>
  [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ].map((match) => ({
    file,
    what: match[2] ?? match[3] ?? match[4] ?? '',
    typeOnly: match[1] !== undefined,
  }))

/** The folder of src/ that a file is in, or undefined for the entries at the top. */
const folderOf = (file: string): string | undefined => {
  const [, folder, more] = file.split('/')
  return more === undefined ? undefined : folder
}
const target = ({ file, what }: Import): string => {
  if (!what.startsWith('.')) return what.startsWith('node:') ? 'node:' : what
  const path = relative(root, join(root, file, '..', what))
  return folderOf(path) ?? path.replace(/^src\//, '').replace(/\.ts$/, '')
}

const wrong = (imports: readonly Import[]): readonly string[] =>
  imports.flatMap((one) => {
    const folder = folderOf(one.file)
    const to = target(one)
    const allowed = folder === undefined || folder === 'cli' ? top : (table[folder] ?? [])
    return to === folder || allowed.includes(to) || (folder === undefined && !to.includes('/'))
      ? []
      : [`${one.file} imports ${one.what}`]
  })

describe('the import table', () => {
  it('layers import downwards only', () => {
    expect(files.length).toBeGreaterThan(50)
    expect(wrong(files.flatMap(importsOf))).toEqual([])
  })

  it('notices an arrow that goes up', () => {
    expect(wrong([{ file: 'src/core/a.ts', what: '../gateway/gateway.ts', typeOnly: false }])).toHaveLength(1)
    expect(wrong([{ file: 'src/core/a.ts', what: 'node:fs', typeOnly: false }])).toHaveLength(1)
    expect(wrong([{ file: 'src/dialects/a.ts', what: 'ws', typeOnly: false }])).toHaveLength(1)
  })

  it('core and the gateway take time and chance as arguments', () => {
    const impure =
      /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|performance\.now|process\.|fetch\(|crypto\.)/
    const found = files.filter(
      (file) =>
        /^src\/(core|gateway|dialects|views)\//.test(file) && impure.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(found).toEqual([])
  })

  it('the client has no dependency at run time, and none on Node outside its Node entry', () => {
    const schemas = new Set(['events', 'commands', 'frames', 'ports'].map((name) => `../core/${name}.ts`))
    const bad = files
      .filter((file) => file.startsWith('src/client/'))
      .flatMap(importsOf)
      .filter(
        ({ file, what, typeOnly }) =>
          (schemas.has(what) && !typeOnly) || (what.startsWith('node:') && !browserFree.includes(file)),
      )
    expect(bad).toEqual([])
  })
})
