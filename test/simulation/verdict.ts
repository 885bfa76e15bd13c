import { foldSession } from '../../src/core/fold.ts'
import { seqOf } from '../../src/client/reader.ts'
import type { Log } from './archive.ts'
import { foldTo, sameState } from './folds.ts'
import type { Random } from './random.ts'
import type { Scene } from './scene.ts'
import type { Violated } from './world.ts'

/** What is still missing until everybody has everything; undefined when nothing is [I5]. */
export const missing = (scene: Scene): string | undefined => {
  const { logs } = scene.world.archive
  if (!scene.cluster.whole()) return 'a node is missing'
  for (const { session, state } of logs.values()) {
    const { running, queue } = state()
    if (running !== null) return `${running.turn} of ${session} runs`
    if (queue.length > 0) return `${queue.length} prompts wait in ${session}`
  }
  for (const client of scene.clients()) {
    const { link, outbox, readers } = client.machine()
    if (link.phase !== 'up') return `${client.name} is ${link.phase}`
    const slot = outbox.find(({ state }) => state !== 'refused')
    if (slot !== undefined) return `${slot.id} (${slot.type}) is ${slot.state} in the outbox of ${client.name}`
    for (const { session, cursor, phase } of readers.values()) {
      const head = logs.get(session)?.events.length ?? 0
      if (phase !== 'live' || cursor === null || seqOf(cursor) !== head)
        return `${client.name} has ${session} up to ${cursor === null ? 'nothing' : seqOf(cursor)} of ${head}, ${phase}`
    }
  }
  return undefined
}

/** Until when commands are held back that were refused for a while, and a moment more; virtual ms. */
export const patience = (scene: Scene): number =>
  Math.max(
    0,
    ...scene.clients().flatMap((client) => {
      const { env } = client.process
      const now = scene.world.scheduler.now()
      const held = client.machine().outbox.map(({ notBefore }) => notBefore - env.monotonic())
      return held.map((left) => (left > 0 ? now + left + 3000 : 0))
    }),
  )

/** Every reader that folds shows what the log adds up to [I2] [I5]. */
export const checkReaders = (scene: Scene): void => {
  const { archive, violated } = scene.world
  for (const client of scene.clients())
    for (const { session, state } of client.machine().readers.values()) {
      const log = archive.logs.get(session)
      if (state !== null && log !== undefined && !sameState(state, log.state()))
        violated('I2', `${client.name} shows ${session} otherwise than the log`)
    }
}

/** [I4] where no node ever went away, no turn ends as if one had. */
export const checkCalm = ({ session, events }: Log, violated: Violated): void => {
  for (const event of events)
    if (event.type === 'turn.ended' && ['restarted', 'node_lost', 'shutdown'].includes(event.code ?? ''))
      violated('I4', `${session} ${event.seq}: ${event.turn} ends as ${event.code}, and nothing was stopped`)
}

/** [I9] for some cursor: a state that went over a wire, and what comes after it, give the whole. */
export const checkFolds = ({ session, events, state }: Log, random: Random, violated: Violated): void => {
  const seq = random.between(0, events.length)
  const snapshot = JSON.parse(JSON.stringify(foldTo(events, seq))) as ReturnType<typeof state>
  if (!sameState(foldSession(snapshot, events.slice(seq)), state()))
    violated('I9', `the state of ${session} at ${seq} and its tail do not give the whole`)
}
