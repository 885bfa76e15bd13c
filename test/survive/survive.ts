import { setTimeout as wait } from 'node:timers/promises'
import { startProxy, type Proxy } from '../tools/proxy.ts'
import { seeded } from '../tools/seeded.ts'
import { until } from '../tools/until.ts'
import { count, memory, type Line, type Memory } from './count.ts'
import type { Client, Driver } from './driver.ts'

export interface SurviveOptions {
  readonly driver: Driver
  readonly seed: number
  /** How long faults are made; the end takes some seconds more. */
  readonly seconds: number
  /** How many numbers the one long answer has. Default 3,000, ten seconds of them. */
  readonly long?: number
  readonly say?: (line: string) => void
}

export interface Survived {
  readonly line: Line
  /** How often each fault was made. */
  readonly faults: Readonly<Record<Fault, number>>
}

type Fault = 'kill' | 'cut' | 'half-open' | 'reload'

/** A device: its proxy, what it was shown, and the client that runs on it now. */
interface Device {
  readonly proxy: Proxy
  readonly memory: Memory
  readonly connect: () => Client
  client: Client
}

/** ms for everybody to have everything once the faults are over (I5). */
const calmWithin = 10_000
/** How many numbers come in a second. */
const pace = 300

/**
 * Two clients of one session, prompts from both, and kills, cuts, half-open sockets and reloads at random moments; one
 * long answer through all of it but the kills at the end. Then everything that was ever on a screen is counted against the disk.
 */
export const survive = async ({
  driver,
  seed,
  seconds,
  long = 3000,
  say = () => {},
}: SurviveOptions): Promise<Survived> => {
  const random = seeded(seed)
  const below = (most: number): number => Math.floor(random() * most)
  const faults: Record<Fault, number> = { kill: 0, cut: 0, 'half-open': 0, reload: 0 }
  const sent: string[] = []
  const acked: string[] = []
  let changes = 0

  await driver.start()
  const device = async (name: string): Promise<Device> => {
    const proxy = await startProxy({ port: driver.port })
    const mine = memory()
    const shown = (prompt: string, text: string): void => {
      mine.see(prompt, text)
      changes += 1
    }
    const connect = (): Client => driver.connect({ url: `http://127.0.0.1:${proxy.port}`, name, shown })
    return { proxy, memory: mine, connect, client: connect() }
  }
  const [laptop, phone] = [await device('laptop'), await device('phone')]
  const devices: readonly Device[] = [laptop, phone]
  const any = (): Device => (below(2) === 0 ? laptop : phone)

  const send = (text: string): void => {
    // A number of its own makes it unlike every other; the agent does not mind.
    const prompt = `${text} (${sent.length + 1})`
    sent.push(prompt)
    any()
      .client.send(prompt)
      .then(
        () => acked.push(prompt),
        () => undefined,
      )
  }
  const moved = async (by: number, limit: number): Promise<void> => {
    const goal = changes + by
    // An answer that is over moves nothing: then it is time to go on as well.
    await until(() => changes >= goal, 'something new on a screen', limit).catch(() => undefined)
  }
  const make = async (fault: Fault): Promise<void> => {
    faults[fault] += 1
    const one = any()
    if (fault === 'cut') one.proxy.cut()
    if (fault === 'half-open') one.proxy.halfOpen()
    if (fault === 'reload') {
      one.client.close()
      one.memory.reload()
      one.client = one.connect()
    }
    if (fault === 'kill') {
      await driver.kill()
      await wait(below(100))
      await driver.start()
    }
  }
  const answering = (prompt: string | undefined): boolean =>
    devices.some((one) => !(one.memory.now().get(prompt ?? '') ?? '').includes(String(long)))

  /** Everything is acknowledged, and nothing moves any more. */
  const quiet = async (limit: number): Promise<void> => {
    for (const end = performance.now() + limit; performance.now() < end;) {
      const before = changes
      await wait(1500)
      if (before === changes && devices.every((one) => one.client.waiting() === 0)) return
    }
  }

  try {
    const all: readonly Fault[] = ['kill', 'cut', 'half-open', 'reload', 'cut']
    for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
      if (below(3) > 0) send(`count to ${50 + below(400)} at ${pace}/s`)
      await moved(1 + below(12), 2000)
      await make(all[below(all.length)] ?? 'cut')
    }
    say(
      `${Object.entries(faults)
        .map(([name, times]) => `${times} ${name}`)
        .join(', ')}; now one long answer`,
    )
    send(`count to ${long} at ${pace}/s`)
    // All that waits, then the long one: as long as it may take, and a half more.
    const limit = performance.now() + 3000 + (long / pace) * 1500 + sent.length * 500
    while (answering(sent.at(-1)) && performance.now() < limit) {
      await moved(20, 1000)
      await make(all[1 + below(4)] ?? 'cut')
    }
    for (const { proxy } of devices) proxy.heal()
    await quiet(calmWithin + sent.length * 1500)
    const screens = devices.map((one) => one.memory)
    return { line: count(driver.name, screens, await driver.stored(), { sent, acked }), faults }
  } finally {
    for (const { client, proxy } of devices) {
      client.close()
      await proxy.close()
    }
  }
}
