import type { FailureCode } from '../core/failures.ts'
import type { WireError } from '../core/frames.ts'

/** The ways to the server, best first. */
export type Rung = 'websocket' | 'sse' | 'long-poll'
export const allRungs: readonly Rung[] = ['websocket', 'sse', 'long-poll']

/** Close code of our own HTTP transport: an event stream was open and said nothing, so something on the way keeps it back. */
export const silentStream = 3001

/** Openings in a row that must fail before a WebSocket is taken for blocked. */
const patience = 3

/** Trying again can only help where the server, the network or time may change the answer [X2]. */
export const isFatal = (code: number): boolean => code >= 4400 && code <= 4999

/** A credential that ran out can be replaced, where somebody makes new ones. */
export const renewable = (code: number): boolean => code === 4401

/** What a socket was closed with: the server gives the failure's code as the reason. */
export const reasonOf = (code: number, reason = ''): WireError | null =>
  isFatal(code)
    ? {
        code: (reason === '' ? 'internal' : reason) as FailureCode,
        message: `Closed ${code} ${reason}`,
        retryable: false,
      }
    : null

interface Fall {
  readonly phase: string
  readonly rung: Rung
  readonly refused: number
  readonly probeAt: number
  readonly options: { readonly rungs: readonly Rung[] }
}

/** Where to go on after a connection was lost or never came up [L9]. */
export const fallen = (
  link: Fall,
  code: number,
): { readonly rung: Rung; readonly refused: number; readonly probeAt: number } => {
  const { rungs } = link.options
  const to = (rung: Rung, refused: number) => ({ rung: rungs.includes(rung) ? rung : link.rung, refused, probeAt: 0 })
  if (code === silentStream && link.rung === 'sse') return to('long-poll', 0)
  if (link.phase === 'up') return to(link.rung, 0)
  if (link.rung === 'websocket') return link.refused + 1 >= patience ? to('sse', 0) : to('websocket', link.refused + 1)
  // Nothing answers over HTTP either: the server is away, not the WebSocket blocked. One more failure there comes back here.
  return rungs.includes('websocket') ? to('websocket', patience - 1) : to(rungs[0] ?? link.rung, 0)
}
