import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { demoAgent, demoText } from '../../src/agents/demo/demo-agent.ts'
import type { SessionState } from '../../src/core/session.ts'
import { systemEnv as env } from '../../src/env.ts'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { needing, withFolder } from '../journals/faults.ts'
import { answers, untilState } from '../tools/session.ts'

const state = (gateway: Gateway): Promise<SessionState> => gateway.state('s')
const until = (gateway: Gateway, holds: (now: SessionState) => boolean) => untilState(gateway, 's', holds)

/** Small commits may still find room in what the journal has; after a while none does. */
const stuck = async (gateway: Gateway): Promise<void> => {
  let last = -1
  for (;;) {
    const { seq } = await state(gateway)
    if (seq === last) return
    last = seq
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

interface Disk {
  readonly path: string
  /** Lets nothing more be written. */
  readonly fill: () => void
  readonly free: () => void
}

/** A turn runs, the disk takes nothing any more, and then it does again. */
const stand = async (disk: Disk, code: string): Promise<void> => {
  const journal = await openSqliteJournal({ file: join(disk.path, 'journal.db') })
  const bugs: unknown[] = []
  const gateway = createGateway({
    journal,
    agents: [demoAgent({ env, pace: 2 })],
    env,
    node: 'n',
    hash: (text) => text,
    onBug: (error) => bugs.push(error),
  })
  const say = (id: string, type: string, data: object) => gateway.say({ id, session: 's', by: 'user:a', type, data })
  try {
    await say('1', 'create', {})
    await say('2', 'prompt', { text: 'count to 100000 at 2000/s' })
    await until(gateway, (now) => answers(now).length > 50)
    disk.fill()
    const refused = async (id: string): Promise<unknown> =>
      say(id, 'prompt', { text: 'hello' }).then(
        () => undefined,
        (error: unknown) => error,
      )
    let failure: unknown
    for (let i = 0; failure === undefined && i < 500; i++) failure = await refused(`w${i}`)
    expect(failure).toMatchObject({ code })
    await stuck(gateway)
    const before = await state(gateway)
    expect(answers(before).length).toBeGreaterThan(50)
    expect((await journal.read('s', 0)).head).toBe(before.seq)
    expect(await refused('again')).toMatchObject({ code })

    disk.free()
    const after = await until(gateway, (now) => now.items.some((item) => item.kind === 'end'))
    expect(after.items.find((item) => item.kind === 'end')).toMatchObject({ outcome: 'failed', code, retryable: true })
    expect(answers(after).startsWith(answers(before).slice(0, 50))).toBe(true)
    expect(demoText('count to 100000 at 2000/s').startsWith(answers(after).split('\n\n')[0] ?? 'nothing')).toBe(true)
    // The very command that was refused is taken now: it had no effect then.
    expect(await say('again', 'prompt', { text: 'hello' })).toMatchObject({ dup: false })
    const prompts = (now: SessionState) =>
      now.items.filter((item) => item.kind === 'message' && item.role === 'user').length
    const end = await until(
      gateway,
      (now) => now.running === null && now.queue.length === 0 && now.turns === prompts(now),
    )
    expect(answers(end).endsWith(demoText('hello'))).toBe(true)
    expect(bugs).toEqual([])
  } finally {
    await gateway.close()
  }
}

describe('a disk that takes nothing', () => {
  it(
    'fault 6: full: reads go on, new turns are refused, the running turn ends, and all by itself when there is room',
    needing(['mount'], () =>
      withFolder(async (_folder, mount) => {
        const { path } = mount('small', '-t', 'tmpfs', '-o', 'size=3m', 'none')
        const ballast = join(path, 'ballast')
        const fill = (): void => {
          const { bavail, bsize } = statfsSync(path)
          writeFileSync(ballast, Buffer.alloc(bavail * bsize))
        }
        await stand({ path, fill, free: () => rmSync(ballast) }, 'storage_full')
      }),
    ),
  )
})
