import type { Figure } from './figure.ts'

/** Runs one script and hands its figures to the parent. */
const script = process.argv[2] ?? ''
const { run } = (await import(`./${script}`)) as { readonly run: () => Promise<readonly Figure[]> }
process.send?.(await run())
process.disconnect?.()
