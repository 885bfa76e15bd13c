import type { Logger as Pino } from 'pino'

/** The log: JSON lines with request and session ids, and no secret. */
export type Logger = Pick<Pino, 'info' | 'warn' | 'error' | 'debug' | 'child'>
