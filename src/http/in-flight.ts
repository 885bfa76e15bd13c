import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * What a connection is doing when something unreadable arrives on it.
 * `idle`: nothing, or receiving the one request that is unreadable. `answering`: all requests are here, answers are due.
 * `broken`: both, so that no answer could be told apart.
 */
export type ConnectionState = 'idle' | 'answering' | 'broken'

/** The requests of each connection that have no whole answer yet: an answer out of turn would be taken for theirs. */
export interface InFlight {
  add(req: IncomingMessage, res: ServerResponse): void
  state(socket: object): ConnectionState
  whenAnswered(socket: object, call: () => void): void
}

export const createInFlight = (): InFlight => {
  const open = new WeakMap<object, Map<IncomingMessage, ServerResponse>>()
  const waiting = new WeakMap<object, () => void>()
  const of = (socket: object) => open.get(socket) ?? new Map<IncomingMessage, ServerResponse>()
  return {
    add: (req, res) => {
      const { socket } = req
      open.set(socket, of(socket).set(req, res))
      res.once('close', () => {
        of(socket).delete(req)
        if (of(socket).size === 0) waiting.get(socket)?.()
      })
    },
    state: (socket) => {
      const [[req, res] = [], ...others] = of(socket)
      if (req === undefined || res === undefined) return 'idle'
      if ([req, ...others.map(([other]) => other)].every((one) => one.complete)) return 'answering'
      return others.length === 0 && !res.headersSent ? 'idle' : 'broken'
    },
    whenAnswered: (socket, call) => {
      waiting.set(socket, call)
    },
  }
}
