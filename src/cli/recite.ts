import { createInterface } from 'node:readline'
import type { Client } from '../client/client.ts'
import type { Session } from '../client/session.ts'
import { isOpenAsk, type SessionState } from '../core/session.ts'
import { watchConnection } from './connection.ts'
import { CliError, exit } from './exit.ts'
import type { Io } from './io.ts'
import { createPainter } from './painter.ts'

export interface Talk {
  readonly client: Client
  readonly session: Session
  readonly io: Io
  readonly isNew: boolean
}

/** Resolves when the session does nothing any more, and has folded everything up to `seq`. */
const rest = (session: Session, seq: number, look: (state: SessionState) => void): Promise<SessionState> =>
  new Promise((resolve, reject) => {
    const see = (state: SessionState): void => {
      look(state)
      const ask = state.items.find(isOpenAsk)
      if (ask !== undefined)
        done(() =>
          reject(
            new CliError(
              exit.tryAgain,
              `The agent asks: ${ask.ask.subject.title}. Answer it with: holdfast chat ${session.id}`,
            ),
          ),
        )
      else if (state.seq >= seq && state.running === null && state.queue.length === 0) done(() => resolve(state))
    }
    const failed = ({ error }: { readonly error: { readonly message: string } | null }): void => {
      if (error !== null) done(() => reject(new CliError(exit.unavailable, error.message)))
    }
    const stops = [session.state.subscribe(see), session.progress.subscribe(failed)]
    let over = false
    const done = (finish: () => void): void => {
      if (over) return
      over = true
      // Not in the middle of the round of calls that this is one of.
      queueMicrotask(() => {
        for (const stop of stops) stop()
        finish()
      })
    }
    see(session.state.get())
  })

/** A conversation without a terminal: every line of the input is a prompt, the output is what the agent says. */
export const recite = async ({ client, session, io }: Talk): Promise<number> => {
  const stop = watchConnection(client, io.err)
  io.err(`session ${session.id}`)
  try {
    const before = await session.ready()
    const painter = createPainter({
      io,
      write: (text) => void io.stdout.write(text),
      typedHere: () => true,
      bare: true,
    })
    let from = before.items.length
    for await (const line of createInterface({ input: io.stdin })) {
      if (line.trim() === '') continue
      const { cursor } = await session.send(line)
      const state = await rest(session, Number(cursor.slice(17)), (now) => painter.paint(now, from))
      painter.freshLine()
      const end = state.items.findLast((item) => item.kind === 'end')
      if (end?.kind === 'end' && end.outcome !== 'complete') {
        io.err(`holdfast: the turn ended as ${end.outcome}${end.message === '' ? '' : `: ${end.message}`}`)
        return exit.unavailable
      }
      from = state.items.length
    }
    return exit.ok
  } finally {
    stop()
  }
}
