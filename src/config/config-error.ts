/** One thing that is wrong, and what to do about it. */
export interface Problem {
  /** The key as it was written: `--port`, `HOLDFAST_PORT`, `port`. */
  readonly key: string
  /** Where it was written. */
  readonly source: string
  readonly message: string
}

/** The configuration cannot be used. All that is wrong is told at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** sysexits EX_CONFIG */
  readonly exitCode = 78
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ key, source, message }) => `${key} (${source}): ${message}`).join('\n'))
    this.problems = problems
  }
}
