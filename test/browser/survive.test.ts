import { describe, expect, test } from 'vitest'
import { connected } from '../tools/browser.ts'
import {
  gateway,
  grown,
  openPage,
  pill,
  saidIn,
  say,
  sessionIn,
  settled,
  shown,
  skipped,
  stateOf,
  sharedBrowser,
  visitor,
} from './harness.ts'

describe.skipIf(skipped)('what is on the screen survives', () => {
  const browser = sharedBrowser()

  test('two pages on one session, one reloaded in mid-answer, the server killed with -9 and started again: all texts are the log [issue 2, UI 3, 6, 7]', async () => {
    const server = await gateway()
    const a = await visitor(browser(), server)
    const b = await visitor(browser(), server)
    const first = await openPage(a)
    await connected(first)
    await say(first, 'slow 400 at 100/s')
    const session = await sessionIn(first)
    const second = await openPage(b, session)
    await grown(second, 100)
    const before = await grown(first, 200)

    await second.reload()
    const after = await grown(second, 0)
    expect(after.slice(0, 100)).toBe(before.slice(0, after.length).slice(0, 100))
    const known = await grown(second, before.length)

    await server.kill('SIGKILL')
    for (const page of [first, second]) await pill(page, 'reconnecting', 5_000)
    const shownAtDeath = await Promise.all([first, second].map(shown))
    await say(second, 'count to 7')
    await second.locator('.said.pending').waitFor()
    await server.start()
    for (const page of [first, second]) await connected(page, 60_000)
    for (const page of [first, second]) await settled(page, 2)

    const state = await stateOf(server, session)
    const [onFirst, onSecond] = await Promise.all([first, second].map(shown))
    expect(onFirst).toEqual(onSecond)
    expect(onFirst).toEqual(saidIn(state))
    expect(onFirst?.filter((text) => text === 'count to 7')).toHaveLength(1)
    expect(onFirst?.at(-1)).toBe('1 2 3 4 5 6 7')
    expect(onFirst?.[1]?.length).toBeGreaterThanOrEqual(known.length)
    // No token that was shown is lost.
    for (const texts of shownAtDeath) expect(onFirst?.[1]?.slice(0, texts[1]?.length)).toBe(texts[1])
    const ends = state.items.filter((item) => item.kind === 'end')
    expect(ends.map(({ outcome, code }) => [outcome, code])).toEqual([['interrupted', 'restarted']])
    await first.locator('.card.end.interrupted', { hasText: 'Ask again' }).waitFor()
  })

  test('F5 ten times while it streams: the text is the log, to the byte, and never begins in the middle [UI 6]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server))
    await say(page, 'count to 900 at 300/s')
    const session = await sessionIn(page)
    let last = ''
    for (let i = 0; i < 10; i++) {
      last = await grown(page, Math.min(last.length, 3000))
      await page.reload()
      const text = await grown(page, 0)
      expect(text.startsWith('1 2 3 ')).toBe(true)
    }
    await settled(page, 1)
    expect(await shown(page)).toEqual(saidIn(await stateOf(server, session)))
  })

  test('a third page joins in mid-stream and has everything, once [UI 4]', async () => {
    const server = await gateway()
    const a = await visitor(browser(), server)
    const page = await openPage(a)
    await say(page, 'count to 600 at 200/s')
    const session = await sessionIn(page)
    const before = await grown(page, 400)
    const late = await openPage(await visitor(browser(), server), session)
    const text = await grown(late, before.length)
    expect(text.startsWith(before)).toBe(true)
    await settled(late, 1)
    await settled(page, 1)
    const said = saidIn(await stateOf(server, session))
    expect(await shown(late)).toEqual(said)
    expect(await shown(page)).toEqual(said)
  })

  test('a graceful stop says so, and what waits is kept [UI 8]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server))
    await connected(page)
    await say(page, 'hello')
    await settled(page, 1)
    await server.kill('SIGTERM')
    await page.locator('#pill', { hasText: /Server is restarting|Reconnecting/ }).waitFor()
    await say(page, 'count to 3')
    await page.locator('.said.pending', { hasText: 'Waiting' }).waitFor()
    await server.start()
    await connected(page, 30_000)
    await settled(page, 2)
    expect((await shown(page)).slice(-2)).toEqual(['count to 3', '1 2 3'])
  })
})
