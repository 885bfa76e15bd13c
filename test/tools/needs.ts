import type { TestContext } from 'vitest'

/** What a machine lacks, in words. */
export interface Missing {
  readonly missing: string
}

/** Prints why something is not tested here. @throws Error in CI, where nothing may be missing */
export const skipped = (missing: string): string => {
  if (process.env['CI'] !== undefined) throw new Error(`CI must have it: ${missing}`)
  console.warn(`skipped: ${missing}`)
  return missing
}

/** A tool that not every machine has. In CI it must be there; elsewhere the test is skipped with the reason. */
export const need = <T extends object>({ skip }: Pick<TestContext, 'skip'>, tool: T | Missing): T =>
  'missing' in tool ? skip(skipped(tool.missing)) : tool
