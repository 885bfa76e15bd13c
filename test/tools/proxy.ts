import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** What happens to a connection whose first bytes of a request look like this. */
type Verdict = 'pass' | 'refuse' | 'swallow'
/** `up`: client → server, `down`: server → client. */
type Direction = 'up' | 'down'

export interface Proxy {
  /** The port on 127.0.0.1 to connect to. */
  readonly port: number
  /** Connections that are open now. */
  open(): number
  /** Connections accepted so far. */
  accepted(): number
  /** Bytes passed on so far. */
  bytes(direction: Direction): number
  /** Breaks every connection off, with a reset towards both sides. */
  cut(): void
  /** Breaks a connection off once it has passed this many more bytes in one direction; the bytes over it are lost. One shot. */
  cutAfter(direction: Direction, bytes: number): void
  /** Every connection that is open now goes dead: nothing passes any more, and neither side is told, not even of a close. */
  halfOpen(): void
  /** While true, new connections are reset at once: nobody listens. */
  down(on: boolean): void
  /** While true, new connections are accepted and lead nowhere. */
  blackhole(on: boolean): void
  /** Every piece is held back so long, ms; order is kept. A function is asked for each piece. */
  delay(ms: number | (() => number)): void
  /** Bytes are passed on in pieces of at most this many. Infinity: as they come. */
  chunk(bytes: number): void
  /** While true, nothing is read in that direction: the sender's buffers fill. Nothing is lost. */
  stall(direction: Direction, on: boolean): void
  /** Judges each piece a client sends that begins like an HTTP request. */
  rule(judge: (request: string) => Verdict): void
  /** No more faults for what comes from now on. */
  heal(): void
  close(): Promise<void>
}

/** True for a request that wants to become a WebSocket. */
export const isUpgrade = (request: string): boolean => /^upgrade: *websocket/im.test(request)

interface Pair {
  readonly client: Socket
  readonly server: Socket
  dead: boolean
}

const request = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /

/** A TCP proxy on a free port of 127.0.0.1 that breaks what passes through it, on demand. */
export const startProxy = async (target: { readonly port: number; readonly host?: string }): Promise<Proxy> => {
  const pairs = new Set<Pair>()
  const passed = { up: 0, down: 0 }
  const cuts: { up: number | undefined; down: number | undefined } = { up: undefined, down: undefined }
  const stalled = { up: false, down: false }
  let [accepted, down, blackhole, piece] = [0, false, false, Infinity]
  let delay: () => number = () => 0
  let judge: (request: string) => Verdict = () => 'pass'

  const destroy = (pair: Pair): void => {
    pairs.delete(pair)
    pair.client.resetAndDestroy()
    pair.server.resetAndDestroy()
  }

  /** Cuts where a cut was asked for: gives what may still pass. */
  const spend = (direction: Direction, data: Buffer): Buffer => {
    const left = cuts[direction]
    if (left === undefined) return data
    cuts[direction] = left - data.length
    return left >= data.length ? data : data.subarray(0, left)
  }

  const pump = (pair: Pair, direction: Direction): void => {
    const [from, to] = direction === 'up' ? [pair.client, pair.server] : [pair.server, pair.client]
    const run = async (): Promise<void> => {
      for await (const data of from as AsyncIterable<Buffer>) {
        if (direction === 'up' && request.test(data.subarray(0, 8).toString('latin1'))) {
          const verdict = judge(data.toString('latin1'))
          if (verdict === 'refuse') return destroy(pair)
          if (verdict === 'swallow') pair.dead = true
        }
        const pause = delay()
        if (pause > 0) await wait(pause)
        for (let at = 0; at < data.length;) {
          while (stalled[direction] && pairs.has(pair)) await wait(5)
          if (pair.dead) break
          const slice = data.subarray(at, Math.min(data.length, at + piece))
          // By what was taken: the size of the pieces may change meanwhile, and no byte may be left out.
          at += slice.length
          const rest = spend(direction, slice)
          passed[direction] += rest.length
          if (to.writable && !to.write(rest)) await Promise.race([once(to, 'drain'), once(to, 'close')])
          if (rest.length < slice.length) {
            cuts[direction] = undefined
            return destroy(pair)
          }
          if (piece !== Infinity) await new Promise(setImmediate)
        }
      }
      if (!pair.dead) to.end()
    }
    run().catch(() => {
      if (!pair.dead) destroy(pair)
    })
  }

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    accepted += 1
    client.on('error', () => {})
    if (down) return void client.resetAndDestroy()
    const upstream = connect({
      port: target.port,
      host: target.host ?? '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    })
    const pair: Pair = { client, server: upstream, dead: blackhole }
    pairs.add(pair)
    upstream.on('error', () => {
      if (!pair.dead) destroy(pair)
    })
    for (const socket of [client, upstream])
      socket.on('close', () => {
        if (!pair.dead && client.destroyed && upstream.destroyed) pairs.delete(pair)
      })
    pump(pair, 'up')
    pump(pair, 'down')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    port: (server.address() as AddressInfo).port,
    open: () => pairs.size,
    accepted: () => accepted,
    bytes: (direction) => passed[direction],
    cut: () => [...pairs].forEach(destroy),
    cutAfter: (direction, bytes) => {
      cuts[direction] = bytes
    },
    halfOpen: () => {
      for (const pair of pairs) pair.dead = true
    },
    down: (on) => {
      down = on
    },
    blackhole: (on) => {
      blackhole = on
    },
    delay: (ms) => {
      delay = typeof ms === 'number' ? () => ms : ms
    },
    chunk: (bytes) => {
      piece = bytes
    },
    stall: (direction, on) => {
      stalled[direction] = on
    },
    rule: (next) => {
      judge = next
    },
    heal: () => {
      stalled.up = stalled.down = down = blackhole = false
      cuts.up = cuts.down = undefined
      delay = () => 0
      judge = () => 'pass'
      piece = Infinity
    },
    close: async () => {
      down = true
      for (const pair of pairs) destroy(pair)
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const once = (socket: Socket, event: string): Promise<void> =>
  new Promise((resolve) => {
    socket.once(event, () => resolve())
  })
