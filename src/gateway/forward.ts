import type { Checked } from '../core/commands.ts'
import { Failure, type FailureCode, toFailure } from '../core/failures.ts'
import type { Command, Done, Env, Journal } from '../core/ports.ts'
import type { Receipt } from './gateway.ts'
import type { Host } from './host.ts'
import type { Hosted } from './hosted.ts'

/** ms to wait for the node that owns a session to answer a command. */
const forwardLimit = 10_000
/** ms between two looks at what became of it: doubles from the first to the last. */
const looks = { first: 25, last: 400 }
/** ms until the owner tries again what it could not write. */
const retryAfter = 1000

/** They say nothing about the command: it still waits for an owner that can decide. */
const undecided: readonly FailureCode[] = ['moved', 'draining', 'storage_full', 'read_only', 'internal']

export interface ForwardOptions {
  readonly journal: Journal
  readonly env: Env
  readonly host: Host
  readonly check: (command: Command) => { readonly checked: Checked; readonly digest: string }
  readonly apply: (
    hosted: Hosted,
    command: Command,
    checked: Checked,
    digest: string,
    expect?: number,
  ) => Promise<Receipt>
  readonly repeated: (done: Done, command: Command, digest: string) => Receipt
}

/** Commands for sessions that another node serves: its inbox keeps them, and the journal tells what became of them. */
export interface Forwarder {
  /** Decides a command for a session that is served here. What it refuses is refused for the inbox too, should it wait there. */
  readonly decide: ForwardOptions['apply']
  /** Resolves when the owner has answered, whoever that is by then. @throws Failure what the owner refused it with; `moved` after 10 s */
  readonly send: (command: Command, expect?: number) => Promise<Receipt>
  /** Decides a command that came through the inbox, to its end: what it was refused with is kept too. */
  readonly receive: (command: Command) => Promise<void>
}

export const forwarder = ({ journal, env, host, check, apply, repeated }: ForwardOptions): Forwarder => {
  const wait = (ms: number): Promise<void> => new Promise((resolve) => env.after(ms, resolve))
  const answered = async ({ session, id }: Command): Promise<Done | undefined> => {
    const done = await journal.seen(session, id)
    return done !== undefined && done.seq > 0 ? done : undefined
  }

  const decide: ForwardOptions['apply'] = async (hosted, command, checked, digest, expect) => {
    try {
      return await apply(hosted, command, checked, digest, expect)
    } catch (error) {
      const failure = toFailure(error)
      const { id, session } = command
      const refused = failure.code
      if (undecided.includes(refused)) throw failure
      const kept = await journal.seen(session, id)
      // Another owner was faster: this is the second coming of a command that has its answer.
      if (kept !== undefined && kept.seq > 0) return repeated(kept, command, digest)
      if (kept !== undefined)
        await hosted.owner.write(() => ({ said: [], done: (seq) => ({ id, hash: digest, seq, refused }) }))
      throw failure
    }
  }

  const decided = async (hosted: Hosted, command: Command, expect?: number): Promise<Receipt> => {
    const { checked, digest } = check(command)
    const done = await answered(command)
    return done === undefined ? decide(hosted, command, checked, digest, expect) : repeated(done, command, digest)
  }

  return {
    decide,
    send: async (command, expect) => {
      await journal.send(command, check(command).digest)
      const limit = env.monotonic() + forwardLimit
      for (let pause = looks.first; ; pause = Math.min(looks.last, pause * 2)) {
        const done = await answered(command)
        if (done !== undefined) return { ...repeated(done, command, check(command).digest), dup: false }
        // The owner may be gone, or have been this node: whoever can take the session answers.
        const hosted = await host.get(command.session).catch((error: unknown) => {
          if (toFailure(error).code !== 'moved') throw error
        })
        try {
          if (hosted !== undefined) return await decided(hosted, command, expect)
        } catch (error) {
          if (toFailure(error).code !== 'moved') throw error
        }
        if (env.monotonic() > limit) throw new Failure('moved')
        await wait(pause)
      }
    },
    receive: async (command) => {
      for (;;) {
        const hosted = await host.get(command.session)
        try {
          await decided(hosted, command)
          return
        } catch (error) {
          const { code } = toFailure(error)
          if (code === 'internal') throw error
          if (code !== 'storage_full' && code !== 'read_only') return
        }
        await wait(retryAfter)
        if (hosted.owner.lease.lost.aborted) return
      }
    },
  }
}
