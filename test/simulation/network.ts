import type { Process } from './process.ts'
import type { World } from './world.ts'

/** One direction of a connection: in order, nothing twice; what is lost is lost from some message on. */
interface Pipe {
  readonly put: (size: number, arrive: () => void) => void
  /** Bytes that were sent and did not arrive. */
  readonly buffered: () => number
  /** Swallows all that comes from now on, without a word. */
  readonly lose: () => void
  /** What is on the way does not arrive any more. */
  readonly cut: () => void
  /** The receiver takes nothing until it is called with false. */
  readonly hold: (held: boolean) => void
}

const createPipe = ({ scheduler, random, knobs }: World, to: Process): Pipe => {
  let last = 0
  let bytes = 0
  let state: 'open' | 'lost' | 'cut' = 'open'
  let held = false
  let kept: (() => void)[] = []
  return {
    put: (size, arrive) => {
      bytes += size
      if (state !== 'open') return
      last = Math.max(last, scheduler.now() + random.between(0, knobs.delay))
      const take = (): void => {
        if (state === 'cut') return
        if (held) return void kept.push(take)
        bytes -= size
        arrive()
      }
      scheduler.after(last - scheduler.now(), () => to.deliver(take))
    },
    buffered: () => bytes,
    lose: () => {
      if (state === 'open') state = 'lost'
    },
    cut: () => (state = 'cut'),
    hold: (now) => {
      held = now
      const late = held ? [] : kept
      if (!held) kept = []
      for (const take of late) scheduler.after(0, () => to.deliver(take))
    },
  }
}

/** What one end of a connection hears. */
export interface End {
  readonly opened: () => void
  readonly message: (text: string) => void
  /** What was sent is on its way: more can be. */
  readonly drained: () => void
  /** 1006 when nobody said why. */
  readonly closed: (code: number) => void
}

/** A TCP connection with a WebSocket on it, between two programs. */
export interface Connection {
  /** As a client and as a server see it. */
  readonly up: (text: string) => void
  readonly down: (text: string) => void
  readonly buffered: () => number
  readonly closeUp: () => void
  readonly closeDown: (code: number) => void
  /** Both ends, one or none hear of it. */
  readonly cut: (client: boolean, server: boolean) => void
  readonly halfOpen: (up: boolean, down: boolean) => void
  /** It lost something, or one end does not know that it is over. */
  readonly broken: () => boolean
  /** The client takes nothing. */
  readonly hold: (held: boolean) => void
}

export interface Server {
  readonly process: Process
  /** Undefined: refused. */
  readonly accept: (connection: Connection, client: string) => End | undefined
}

/** @param target the server, as the load balancer chose it; undefined when none is up */
export const dial = (
  world: World,
  name: string,
  client: Process,
  ends: End,
  target: Server | undefined,
): Connection => {
  const { scheduler, random, knobs, trace } = world
  const later = (to: Process | undefined, call: () => void): void =>
    void scheduler.after(random.between(1, knobs.delay + 1), () => to?.deliver(call))
  let clientOver = false
  let serverOver = target === undefined
  let server: End | undefined
  let asked = false
  let lossy = false
  const up = target && createPipe(world, target.process)
  const down = createPipe(world, client)

  const endClient = (code: number): void => {
    if (clientOver) return
    clientOver = true
    trace('closed', name, String(code))
    ends.closed(code)
  }
  const endServer = (): void => {
    if (serverOver) return
    serverOver = true
    server?.closed(1006)
  }
  const cut = (tellClient: boolean, tellServer: boolean): void => {
    lossy = true
    up?.cut()
    down.cut()
    if (tellClient) later(client, () => endClient(1006))
    if (tellServer) later(target?.process, endServer)
  }
  const connection: Connection = {
    up: (text) =>
      up?.put(text.length, () => {
        if (serverOver) return
        trace('up', name, text)
        server?.message(text)
      }),
    down: (text) =>
      down.put(text.length, () => {
        if (clientOver) return
        trace('down', name, text)
        ends.message(text)
        if (!asked || serverOver) return
        asked = false
        target?.process.deliver(() => server?.drained())
      }),
    buffered: () => {
      asked = true
      return down.buffered()
    },
    closeUp: () => {
      clientOver = true
      down.cut()
      up?.put(0, endServer)
    },
    closeDown: (code) => {
      serverOver = true
      up?.cut()
      down.put(0, () => endClient(code))
    },
    cut,
    broken: () => lossy || clientOver !== serverOver || target?.process.alive() === false,
    halfOpen: (loseUp, loseDown) => {
      lossy ||= loseUp || loseDown
      if (loseUp) up?.lose()
      if (loseDown) down.lose()
    },
    hold: down.hold,
  }

  trace('dial', name)
  if (target === undefined) later(client, () => endClient(1006))
  else
    up?.put(0, () => {
      server = target.accept(connection, name)
      if (server === undefined) cut(true, false)
      else
        down.put(0, () => {
          if (!clientOver) ends.opened()
        })
    })
  return connection
}
