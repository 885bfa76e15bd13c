import { isFailureCode, failures, type FailureCode } from '../core/failures.ts'

/** Exit codes, after sysexits.h. */
export const exit = {
  ok: 0,
  /** The command line is wrong. */
  usage: 64,
  /** Data is damaged. */
  data: 65,
  /** What was asked for is not there. */
  noInput: 66,
  /** No server answers, or it cannot now. */
  unavailable: 69,
  /** A defect, or a store that cannot go on. */
  software: 70,
  cannotCreate: 73,
  io: 74,
  tryAgain: 75,
  /** The key does not do. */
  noPermission: 77,
  config: 78,
} as const

/** A message for the person at the terminal, and the exit code. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: number
  constructor(exitCode: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
  }
}

const byReason: Readonly<Record<string, number>> = {
  in_use: exit.unavailable,
  newer: exit.data,
  old_sqlite: exit.unavailable,
  foreign: exit.data,
  damaged: exit.data,
  unreadable: exit.io,
}

const byStatus: Readonly<Record<number, number>> = {
  400: exit.usage,
  401: exit.noPermission,
  403: exit.noPermission,
  404: exit.noInput,
  410: exit.noInput,
  413: exit.data,
  500: exit.software,
  507: exit.io,
}

const bySystem: Readonly<Record<string, number>> = {
  EACCES: exit.noPermission,
  EPERM: exit.noPermission,
  EROFS: exit.cannotCreate,
  ENOENT: exit.noInput,
  ENOSPC: exit.io,
  EIO: exit.io,
  EADDRINUSE: exit.unavailable,
  EADDRNOTAVAIL: exit.config,
}

const ofFailure = (code: FailureCode): number =>
  code === 'session_damaged' ? exit.data : (byStatus[failures[code].http] ?? exit.unavailable)

/** SQLite's result codes: damaged, no database; everything else that it says of a file is about reading and writing it. */
const damagedCodes = new Set([11, 26])

/** The exit code of anything that was thrown; undefined for a defect of ours. */
export const exitCodeOf = (error: unknown): number | undefined => {
  if (!(error instanceof Error)) return undefined
  if ('exitCode' in error && typeof error.exitCode === 'number') return error.exitCode
  if ('reason' in error && error.name === 'JournalRefused') return byReason[String(error.reason)] ?? exit.io
  const code = 'code' in error ? String(error.code) : ''
  if (error.name === 'Failure' || error.name === 'ClientError') return isFailureCode(code) ? ofFailure(code) : undefined
  if ('errcode' in error) return damagedCodes.has(Number(error.errcode) & 0xff) ? exit.data : exit.io
  return 'syscall' in error ? (bySystem[code] ?? exit.io) : undefined
}
