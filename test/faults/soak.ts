import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** The faults for as long as one likes: `npm run soak -- --cycles 1000`, `--only kill`, `--seed N`. */
const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '200' },
    only: { type: 'string', default: '' },
    seed: { type: 'string' },
  },
})
const root = fileURLToPath(new URL('../..', import.meta.url))
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [vitest, 'run', `test/faults/${values.only}`], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    HOLDFAST_TEST_CYCLES: values.cycles,
    ...(values.seed !== undefined && { HOLDFAST_TEST_SEED: values.seed }),
  },
})
process.exit(status ?? 1)
