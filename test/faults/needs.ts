import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Missing } from '../tools/needs.ts'

/** libfaketime, as what a process is started with; `file` says what the wall clock shows. */
export const fakeClock = (file: string): { readonly env: Readonly<Record<string, string>> } | Missing => {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : []
  const library = folders
    .map((folder) => join('/usr/lib', folder, 'faketime', 'libfaketime.so.1'))
    .find((path) => existsSync(path))
  if (library === undefined) return { missing: 'libfaketime is not installed (Debian: apt install libfaketime)' }
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // Without it the clock that never jumps would jump too.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  }
}

/** A group of processes that may have so much memory and no more. */
export interface MemoryGroup {
  /** What a command is prefixed with to run in it. */
  readonly before: readonly string[]
  readonly used: () => number
  /** @param bytes 0: none */
  readonly limit: (bytes: number) => void
  readonly remove: () => void
}

const roots = { v1: '/sys/fs/cgroup/memory', v2: '/sys/fs/cgroup' }

export const memoryGroup = (): MemoryGroup | Missing => {
  const v1 = existsSync(join(roots.v1, 'memory.limit_in_bytes'))
  const path = join(v1 ? roots.v1 : roots.v2, `holdfast-test-${process.pid}`)
  const [most, now] = v1 ? ['memory.limit_in_bytes', 'memory.usage_in_bytes'] : ['memory.max', 'memory.current']
  try {
    if (!v1) writeFileSync(join(roots.v2, 'cgroup.subtree_control'), '+memory')
    mkdirSync(path)
    readFileSync(join(path, most))
  } catch (error) {
    if (existsSync(path)) rmdirSync(path)
    return { missing: `no memory cgroup can be made here (root and a memory controller are needed): ${String(error)}` }
  }
  return {
    before: ['/bin/sh', '-c', `echo $$ > ${path}/cgroup.procs; exec "$@"`, 'sh'],
    used: () => Number(readFileSync(join(path, now), 'utf8')),
    limit: (bytes) => writeFileSync(join(path, most), bytes === 0 ? (v1 ? '-1' : 'max') : String(bytes)),
    remove: () => rmdirSync(path),
  }
}

/** What a command is prefixed with to have so many file descriptors. */
export const descriptors = (count: number): { readonly before: readonly string[] } | Missing => {
  const script = `ulimit -n ${count} && exec "$@"`
  try {
    execFileSync('/bin/sh', ['-c', script, 'sh', 'true'], { stdio: 'ignore' })
  } catch {
    return { missing: `a process may not have ${count} open files here (ulimit -n)` }
  }
  return { before: ['/bin/sh', '-c', script, 'sh'] }
}
