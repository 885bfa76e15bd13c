import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'

/** Writes a secret that only the owner of the file may read; it is whole and on the disk, or not there. */
export const writeKeyFile = (file: string, key: string): void => {
  const temporary = `${file}.${process.pid}`
  const handle = openSync(temporary, 'w', 0o600)
  try {
    fchmodSync(handle, 0o600)
    writeSync(handle, `${key}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(temporary, file)
}
