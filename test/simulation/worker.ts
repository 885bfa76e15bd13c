import { parentPort, workerData } from 'node:worker_threads'
import { bugs } from './bugs.ts'
import type { Share, Told } from './many.ts'
import { type Outcome, simulate } from './simulate.ts'

/** Failures that are told: more say nothing new. */
const most = 20

const { from, seeds, every, offset, bug, once = false } = workerData as Share
// Failures are thrown by the thousand here, and nobody reads where.
Error.stackTraceLimit = 0
const counts: Record<string, number> = {}
const failed: Outcome[] = []
let events = 0
let ran = 0
const { user, system } = process.threadCpuUsage()
for (let i = offset; i < seeds && failed.length < (once ? 1 : most); i += every) {
  const outcome = await simulate(from + i, bug === undefined ? {} : { plant: bugs[bug] })
  ran++
  events += outcome.events
  for (const [what, n] of Object.entries(outcome.counts)) counts[what] = (counts[what] ?? 0) + n
  if (outcome.violation !== undefined) failed.push(outcome)
}
const spent = process.threadCpuUsage({ user, system })
const cpuMs = (spent.user + spent.system) / 1000
parentPort?.postMessage({ seeds: ran, events, counts, failed, cpuMs } satisfies Told)
