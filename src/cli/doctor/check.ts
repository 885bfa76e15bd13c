export type State = 'pass' | 'warn' | 'fail'

/** What one check found. No secret is ever in it. */
export interface Check {
  readonly name: string
  readonly state: State
  readonly detail: string
  /** What to do. */
  readonly fix?: string
}

export const pass = (name: string, detail: string): Check => ({ name, state: 'pass', detail })
export const warn = (name: string, detail: string, fix: string): Check => ({ name, state: 'warn', detail, fix })
export const fail = (name: string, detail: string, fix: string): Check => ({ name, state: 'fail', detail, fix })
