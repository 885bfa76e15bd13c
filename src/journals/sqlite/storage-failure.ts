import { rmSync, writeFileSync } from 'node:fs'
import { Failure, type FailureCode } from '../../core/failures.ts'

const readOnly = 8
const ioError = 10
const corrupt = 11
const full = 13
const cantOpen = 14
const notADatabase = 26
const ioFsync = 1034
const ioDirFsync = 1290

/** SQLite's extended result code; 0 when the error is not from SQLite. */
export const codeOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0

/** After a failed fsync the kernel may have dropped what it could not write: nothing may be acknowledged any more. */
export const isFatal = (error: unknown): boolean => codeOf(error) === ioFsync || codeOf(error) === ioDirFsync

export const isCorrupt = (error: unknown): boolean =>
  error instanceof RangeError || [corrupt, notADatabase].includes(codeOf(error) & 0xff)

const byErrno: Readonly<Record<string, FailureCode>> = {
  ENOSPC: 'storage_full',
  EDQUOT: 'storage_full',
  EFBIG: 'storage_full',
  EROFS: 'read_only',
}

/** SQLite hides why a write failed, so a file of our own is written to find out. */
const probe = (file: string): FailureCode => {
  const path = `${file}.probe`
  try {
    writeFileSync(path, Buffer.alloc(64 * 1024))
    return 'internal'
  } catch (error) {
    return byErrno[(error as NodeJS.ErrnoException).code ?? ''] ?? 'internal'
  } finally {
    try {
      rmSync(path, { force: true })
    } catch {
      // A read-only disk has nothing to remove.
    }
  }
}

/** What a failed write means to a client. */
export const storageFailure = (error: unknown, file: string): Failure => {
  if (error instanceof Failure) return error
  const code = codeOf(error) & 0xff
  if (isCorrupt(error)) return new Failure('session_damaged', undefined, { cause: error })
  if (code === full) return new Failure('storage_full', undefined, { cause: error })
  if (code === readOnly) return new Failure('read_only', undefined, { cause: error })
  if ((code === ioError && !isFatal(error)) || code === cantOpen)
    return new Failure(probe(file), undefined, { cause: error })
  return new Failure('internal', undefined, { cause: error })
}
