import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { expect, test } from 'vitest'

/** bytes, gzip; all of it: client, fold, storage, every rung of the ladder */
const budget = 12 * 1024

const bundle = async (): Promise<Rolldown.OutputChunk> => {
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      lib: {
        entry: fileURLToPath(new URL('../../src/client/client.ts', import.meta.url)),
        formats: ['es'],
        fileName: 'client',
      },
      rolldownOptions: { output: { minify: true } },
    },
  })) as Rolldown.RolldownOutput[]
  const chunks = built[0]?.output ?? []
  expect(chunks).toHaveLength(1)
  return chunks[0] as Rolldown.OutputChunk
}

test('the whole SDK is one file of at most 12 KiB gzip, without a dependency, a node: module or top-level await', async () => {
  const { code, imports, dynamicImports, modules } = await bundle()
  expect(imports).toEqual([])
  expect(dynamicImports).toEqual([])
  expect(Object.keys(modules).filter((id) => id.includes('node_modules') || !id.includes('/src/'))).toEqual([])
  expect(code).not.toContain('node:')
  // Private fields and static blocks are slow or missing in older Hermes.
  expect(code).not.toMatch(/this\.#|static\{/)
  const size = gzipSync(code, { level: 9 }).length
  console.log(`SDK: ${size.toLocaleString('en')} bytes gzip of ${budget.toLocaleString('en')}`)
  expect(size).toBeLessThanOrEqual(budget)
}, 30_000)
