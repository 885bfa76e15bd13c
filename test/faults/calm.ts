import { calmWithin } from './checker.ts'
import { readState, type Access } from '../tools/http.ts'
import type { Player } from './player.ts'

/**
 * Waits until nothing runs or waits and every player has everything. Resolves with the ms that it took from now, and the
 * commands that still wait; `ms` is undefined when it was not within the time (I5).
 */
export const becomeCalm = async (
  server: Access,
  session: string,
  players: readonly Player[],
  limit = calmWithin,
): Promise<{ readonly ms: number | undefined; readonly waiting: number }> => {
  const begun = performance.now()
  const waiting = () => players.reduce((sum, one) => sum + one.waiting(), 0)
  for (;;) {
    const { running, queue, seq } = await readState(server, session)
    const still = running === null && queue.length === 0 && waiting() === 0
    const ms = performance.now() - begun
    if (still && players.every((one) => one.connected() && one.seen() === seq)) return { ms, waiting: 0 }
    if (ms > limit) return { ms: undefined, waiting: waiting() }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
