import type { Part, SaidByAgent } from '../core/events.ts'
import type { Env, Turn } from '../core/ports.ts'
import { coalesce, type CoalesceOptions } from './coalesce.ts'
import { createMender, type Mender, wellFormed } from './text.ts'

/** What a script needs to speak: it says text as it comes, message ids, parts, offsets and repairs are done here. */
export interface Stage {
  /** Aborts when the turn is cancelled or nobody listens any more. */
  readonly signal: AbortSignal
  /** Grows the message that is being said, or begins one. A piece may end within a surrogate pair. */
  text(piece: string): void
  thinking(piece: string): void
  /** Grows the output of a tool. */
  output(tid: string, piece: string): void
  /** Says anything that is not text. Strings in it are made well formed. */
  say(event: Exclude<SaidByAgent, { type: 'message' | 'text' | 'thinking' | 'tool.output' }>): void
  /** Makes the message so far final; what is said next begins another one. */
  finish(): void
  /** Whether the reader is so far behind that a script should wait for `room`. */
  full(): boolean
  /** Resolves when the reader has caught up far enough to say more. */
  room(): Promise<void>
  /** @throws the reason of `signal` when the turn is cancelled meanwhile */
  sleep(ms: number): Promise<void>
}

/**
 * Runs a script as one turn of an agent. Whatever happens (the script returns, throws, the turn is cancelled, the reader
 * goes away) a message that was begun is made final first, so that what was said stays said. Cancelling ends at once,
 * without an error and without waiting for the script.
 */
export const speak = (
  turn: Turn,
  env: Env,
  script: (stage: Stage) => Promise<void>,
  options?: CoalesceOptions,
): AsyncIterable<SaidByAgent> => ({
  [Symbol.asyncIterator]() {
    const stop = new AbortController()
    const outlet = coalesce(env, () => stop.abort(), options)
    const message = createMessage(turn, outlet.push)
    const outputs = new Map<string, { readonly mend: Mender; length: number }>()
    const put = (tid: string, had: { length: number }, delta: string): void => {
      if (delta !== '') outlet.push({ type: 'tool.output', tid, offset: had.length, delta })
      had.length += delta.length
    }

    const close = (...error: readonly [] | readonly [thrown: unknown]): void => {
      turn.signal.removeEventListener('abort', cancel)
      message.finish()
      outlet.end(...error)
    }
    const cancel = (): void => {
      close()
      stop.abort()
    }
    turn.signal.addEventListener('abort', cancel)

    const stage: Stage = {
      signal: stop.signal,
      text: (piece) => message.grow('text', piece),
      thinking: (piece) => message.grow('thinking', piece),
      output(tid, piece) {
        const had = outputs.get(tid) ?? { mend: createMender(), length: 0 }
        outputs.set(tid, had)
        put(tid, had, had.mend.add(piece))
      },
      say(event) {
        const had = event.type === 'tool' ? outputs.get(event.tid) : undefined
        if (event.type === 'tool' && had !== undefined) put(event.tid, had, had.mend.end())
        outlet.push(wellFormed(event) as SaidByAgent)
      },
      finish: message.finish,
      full: outlet.full,
      room: outlet.room,
      sleep: (ms) => sleep(env, ms, stop.signal),
    }
    if (turn.signal.aborted) cancel()
    else script(stage).then(() => close(), close)
    return outlet[Symbol.asyncIterator]()
  },
})

/** One message at a time: its parts grow in order, and its final form is exactly what its deltas add up to. */
const createMessage = (turn: Turn, push: (event: SaidByAgent) => void) => {
  let mid: string | undefined
  let parts: { readonly type: 'text' | 'thinking'; text: string }[] = []
  let mend = createMender()

  const put = (delta: string): void => {
    const part = parts.at(-1)
    if (mid === undefined || part === undefined || delta === '') return
    push({ type: part.type, mid, part: parts.length - 1, offset: part.text.length, delta })
    part.text += delta
  }
  return {
    grow(type: 'text' | 'thinking', piece: string): void {
      if (piece === '') return
      if (parts.at(-1)?.type !== type) {
        put(mend.end())
        parts.push({ type, text: '' })
      }
      mid ??= turn.newId()
      put(mend.add(piece))
    },
    finish(): void {
      if (mid === undefined) return
      put(mend.end())
      push({ type: 'message', mid, role: 'assistant', parts: parts satisfies Part[], final: true })
      mid = undefined
      parts = []
      mend = createMender()
    },
  }
}

/** @throws the reason of `signal` when it aborts */
const sleep = (env: Env, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      stop()
      reject(signal.reason as Error)
    }
    const stop = env.after(ms, () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
