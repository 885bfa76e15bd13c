import { ClientError } from './error.ts'
import type { Rung } from './ladder.ts'
import type { LinkOptions } from './link-state.ts'
import { newMachine, step, wake, type Effect, type Input, type Machine } from './machine.ts'
import { guard } from './observable.ts'
import type { Hear, Wire } from './socket.ts'
import type { Store } from './store.ts'

/** Time and chance of a client, as arguments where a test wants to turn them. */
export interface ClientEnv {
  /** Wall clock, ms since 1970: for people and ids. */
  now(): number
  /** ms that never jump: everything else. */
  monotonic(): number
  /** 0 ≤ n < 1 */
  random(): number
  /** Calls back once after `ms` unless cancelled. */
  after(ms: number, call: () => void): () => void
}

const { performance: clock } = globalThis as { performance?: { now(): number } }

export const systemClientEnv: ClientEnv = {
  now: () => Date.now(),
  monotonic: () => clock?.now() ?? Date.now(),
  random: () => Math.random(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}

export interface RuntimeOptions {
  readonly link: Partial<LinkOptions>
  readonly env: ClientEnv
  readonly store: Store
  /** What the server's log calls this client. */
  readonly name: string
  readonly dial: (rung: Rung, hear: Hear) => Wire
  /** For `hello` and `auth`; undefined where a cookie or a header speaks. */
  readonly credential: () => Promise<string | undefined>
  /** Effects that are the application's. */
  readonly tell: (effect: Effect) => void
  /** After each input. */
  readonly changed: (machine: Machine) => void
  readonly onBug: (error: unknown) => void
}

/** The machine with its hands: sockets, timer and store. */
export interface Runtime {
  readonly machine: () => Machine
  readonly dispatch: (input: Input) => void
  /** Resolves when the store has been told everything so far. */
  readonly saved: () => Promise<unknown>
}

export const startRuntime = (options: RuntimeOptions): Runtime => {
  const { env, store, name, dial, credential, tell, changed, onBug } = options
  const wires = new Map<number, Wire>()
  const inputs: Input[] = []
  let machine = newMachine(options.link)
  let busy = false
  let saved: Promise<unknown> = Promise.resolve()
  let cancelTimer = (): void => {}

  const open = (conn: number, rung: Rung): void => {
    const hear: Hear = (input) => {
      if (input.type === 'closed') wires.delete(conn)
      dispatch({ ...input, conn })
    }
    wires.set(conn, dial(rung, hear))
  }
  /** Gets a credential and says it, if the connection is still wanted then. */
  const present = async (conn: number, renews: boolean): Promise<void> => {
    try {
      const auth = await credential()
      if (!renews) wires.get(conn)?.send({ t: 'hello', v: 1, client: name, auth })
      else if (auth !== undefined) wires.get(conn)?.send({ t: 'auth', token: auth })
    } catch (error) {
      // The old credential may do for a while; a connection without any is given up and tried again.
      if (!renews) lost(conn, error instanceof ClientError && error.code === 'unauthorized' ? 4401 : 1006)
    }
  }
  const lost = (conn: number, code: number): void => {
    wires.get(conn)?.close()
    wires.delete(conn)
    dispatch({ type: 'closed', conn, code })
  }

  const save = (work: Promise<void>): void => {
    saved = Promise.all([saved, work.catch(onBug)])
  }

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'open':
        return open(effect.conn, effect.rung)
      case 'close':
        wires.get(effect.conn)?.close()
        wires.delete(effect.conn)
        return
      case 'greet':
      case 'renew':
        return void present(effect.conn, effect.type === 'renew')
      case 'write':
        return wires.get(effect.conn)?.send(effect.frame)
      case 'keep':
        return save(store.put(effect.entry))
      case 'forget':
        return save(store.remove(effect.id))
      default:
        return guard(() => tell(effect), onBug)
    }
  }

  const arm = (): void => {
    cancelTimer()
    cancelTimer = () => {}
    const now = env.monotonic()
    const at = wake(machine, now)
    if (at !== Infinity) cancelTimer = env.after(Math.max(0, Math.ceil(at - now)), () => dispatch({ type: 'tick' }))
  }

  /** One input at a time: what an effect sets off waits until the step before it is done. */
  const dispatch = (input: Input): void => {
    inputs.push(input)
    if (busy) return
    busy = true
    try {
      for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
        const [after, effects] = step(machine, next, env.monotonic(), env.random())
        machine = after
        for (const effect of effects) perform(effect)
        changed(machine)
      }
    } finally {
      busy = false
      arm()
    }
  }
  return { machine: () => machine, dispatch, saved: () => saved }
}
