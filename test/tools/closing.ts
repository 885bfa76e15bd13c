import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Things of the running test, closed when it is over, however it ends; the last opened first. */
export const closing = <T>(thing: T, close: (thing: T) => unknown): T => {
  onTestFinished(async () => void (await close(thing)))
  return thing
}

/** An empty folder of the running test. */
export const folder = async (): Promise<string> =>
  closing(await mkdtemp(join(tmpdir(), 'holdfast-test-')), (path) => rm(path, { recursive: true, force: true }))
