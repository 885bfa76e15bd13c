import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Tests that mount, trace, kill, measure or drive a browser: they want the machine for themselves. */
const alone = [
  'test/{faults,browser,survive}/**/*.test.ts',
  'test/simulation/**/*.test.ts',
  'test/journals/{disk,power}.test.ts',
  'test/security/crowds.test.ts',
  'test/**/*.alone.test.ts',
]

export default defineConfig({
  test: {
    // Half of the tests wait for sockets and disks; a machine of one or two cores runs two files at once as well.
    maxWorkers: Math.max(2, availableParallelism()),
    isolate: false,
    // Generous: a slow machine is no defect. What must be fast is measured in bench/.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: 'tests', include: ['test/**/*.test.ts'], exclude: alone } },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
