import { createClient, type Client, type ClientOptions } from '../../src/client/client.ts'
import { fileStore } from '../../src/client/node.ts'
import { seqOf } from '../../src/client/reader.ts'
import type { Event } from '../../src/core/events.ts'
import { fastEnv } from '../tools/env.ts'
import type { Copy, Said } from './checker.ts'

export interface PlayerOptions {
  readonly name: string
  readonly url: string
  readonly key: string
  readonly session: string
  /** Where its outbox survives a reload. */
  readonly folder: string
  readonly transports?: ClientOptions['transports']
  /** How much faster than real its clock runs, so that it finds out sooner that a connection is dead. Default 10. */
  readonly speed?: number
}

/** A client of the kind that applications are made with, which remembers everything that it was shown and told. */
export interface Player {
  readonly name: string
  /** Says a prompt; does not wait. */
  readonly say: (text: string) => void
  /** The page is loaded anew: its memory is gone, its outbox is not. */
  readonly reload: () => void
  readonly copies: () => readonly Copy[]
  readonly said: () => readonly Said[]
  /** Commands without an answer. */
  readonly waiting: () => number
  /** The last event it was shown since the last reload; 0 for none. */
  readonly seen: () => number
  readonly connected: () => boolean
  readonly stop: () => void
}

type Remembered = { -readonly [K in keyof Said]: Said[K] } & { readonly life: number }

interface Life {
  readonly client: Client
  readonly copy: { name: string; events: Event[]; current: boolean; diverged: boolean }
  readonly over: AbortController
}

export const player = (options: PlayerOptions): Player => {
  const { name, url, key, session, folder, transports, speed = 10 } = options
  const lives: Life[] = []
  const said = new Map<string, Remembered>()

  const follow = async ({ client, copy, over }: Life): Promise<void> => {
    for await (const event of client.session(session).events({ after: 0, signal: over.signal }))
      if (event.type === 'snapshot') copy.diverged ||= event.diverged
      else copy.events.push(event)
  }
  const live = (): Life => {
    const client = createClient({
      url,
      key,
      name,
      storage: fileStore(folder),
      env: fastEnv(speed),
      ...(transports !== undefined && { transports }),
    })
    const copy = { name: `${name}.${lives.length + 1}`, events: [], current: true, diverged: false }
    const mine: Life = { client, copy, over: new AbortController() }
    lives.push(mine)
    // What a former life left behind has no one who waits for its answer: it left the outbox because it was acknowledged.
    let before: readonly string[] = []
    client.outbox.subscribe((box) => {
      for (const id of before) {
        const one = said.get(id)
        if (mine.copy.current && one?.outcome === 'unknown' && !box.some((slot) => slot.id === id))
          one.outcome = 'acked'
      }
      before = box.map(({ id }) => id)
    })
    client.connect().catch(() => undefined)
    follow(mine).catch((error: unknown) => {
      if (!mine.over.signal.aborted) throw error
    })
    return mine
  }
  const end = ({ client, copy, over }: Life): void => {
    copy.current = false
    over.abort()
    client.disconnect()
  }
  let now = live()

  return {
    name,
    say: (text) => {
      const id = crypto.randomUUID()
      const mine: Remembered = {
        id,
        type: 'prompt',
        text,
        outcome: 'unknown',
        life: lives.length,
      }
      said.set(id, mine)
      now.client.send(session, 'prompt', { text }, { id }).then(
        ({ cursor }) => Object.assign(mine, { outcome: 'acked', seq: seqOf(cursor) }),
        (error: unknown) => {
          if (now.client.outbox.get().some((slot) => slot.id === id && slot.state === 'refused'))
            mine.outcome = 'refused'
          else if (mine.life === lives.length) throw error
        },
      )
    },
    reload: () => {
      end(now)
      now = live()
    },
    copies: () => lives.map(({ copy }) => copy),
    said: () => [...said.values()].map(({ life: _life, ...one }) => one),
    waiting: () => now.client.outbox.get().filter(({ state }) => state !== 'refused').length,
    seen: () => now.copy.events.length,
    connected: () => now.client.status.get().state === 'connected',
    stop: () => end(now),
  }
}
