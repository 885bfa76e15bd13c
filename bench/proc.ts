import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Whether other processes can be looked at as Linux shows them; some figures need it. */
export const hasProc = existsSync('/proc/self/io')

/** Says why a figure is missing. */
export const withoutProc = (id: string): readonly never[] => {
  console.error(`  ${id} is left out: it reads /proc, and this system has none`)
  return []
}

/** ms of a clock tick, the unit of proc(5) */
const tick = hasProc ? 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : 10

/** CPU time of a process so far, all its threads, in µs; to a clock tick, so it is for spans of seconds. */
export const cpuOf = (pid: number): number => {
  // utime and stime; the name before them is in brackets and may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * tick * 1000
}

const lineOf = (pid: number, file: 'io' | 'status', name: string): number =>
  Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1])

/** Bytes that a process has caused to be written to storage so far. */
export const writtenBy = (pid: number): number => lineOf(pid, 'io', 'write_bytes')

/** Resident memory in bytes. */
export const residentOf = (pid: number): number => lineOf(pid, 'status', 'VmRSS') * 1024
