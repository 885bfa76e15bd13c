import type { ClientFrame } from '../core/frames.ts'
import type { About } from './outgoing.ts'

/**
 * Where a frame waits for those before it; undefined: nowhere. What says how far the client is never waits behind what it
 * asked for, and a session or a state that is slow does not hold up the others.
 */
export const laneOf = (frame: ClientFrame, follows: (sub: string) => boolean): string | undefined => {
  switch (frame.t) {
    case 'got':
      // One for a subscription that is still to be made comes after it.
      return follows(frame.sub) ? undefined : 'subs'
    case 'ping':
    case 'pong':
      return undefined
    case 'cmd':
      return `cmd ${frame.session}`
    case 'sub':
    case 'unsub':
      return 'subs'
    default:
      return 'main'
  }
}

/** What an error about this frame names. */
export const aboutOf = (frame: ClientFrame): About | undefined => {
  if (frame.t === 'cmd') return { id: frame.id }
  if (frame.t === 'sub' || frame.t === 'unsub') return { sub: frame.id }
  if (frame.t === 'got') return { sub: frame.sub }
  return frame.t === 'eph' ? {} : undefined
}
