import { describe, expect, test } from 'vitest'
import { connected } from '../tools/browser.ts'
import { readLog } from '../tools/http.ts'
import {
  gateway,
  grown,
  openPage,
  saidIn,
  say,
  sessionIn,
  settled,
  sharedBrowser,
  shown,
  skipped,
  stateOf,
  visitor,
} from './harness.ts'

const spoken = `(() => {
  window.spoken = []
  const node = document.getElementById('announcer')
  new MutationObserver(() => spoken.push(node.textContent)).observe(node, { childList: true, characterData: true, subtree: true })
})()`

describe.skipIf(skipped)('a conversation on the page', () => {
  const browser = sharedBrowser()

  test('a fresh install: the welcome, no key asked, the demo answers and says that it is one, no complaint of policy or console [UI 1, 2]', async () => {
    const server = await gateway()
    const me = await visitor(browser(), server)
    const page = await openPage(me)
    await page.getByText('The demo agent is a script, without a model').waitFor()
    expect(await page.locator('#who').textContent()).toBe('demo agent: scripted, no model')
    await page.evaluate(
      `document.addEventListener('securitypolicyviolation', (event) => console.error('policy', event.violatedDirective, event.blockedURI))`,
    )
    await page.evaluate(`(() => { window.lengths = []; new MutationObserver(() => lengths.push(document.getElementById('rows').textContent.length))
      .observe(document.getElementById('rows'), { childList: true, characterData: true, subtree: true }) })()`)
    await say(page, 'count to 200 at 200/s')
    const session = await sessionIn(page)
    await settled(page, 1)
    expect(await shown(page)).toEqual(saidIn(await stateOf(server, session)))
    const lengths = await page.evaluate<readonly number[]>('lengths')
    expect(new Set(lengths).size).toBeGreaterThanOrEqual(5)
    for (const prompt of ['think', 'tool', 'fail']) await say(page, prompt)
    await settled(page, 4)
    expect(me.complaints).toEqual([])
  })

  test('each page hears where a turn begins and ends, and not one token of it [UI 2, screen readers]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server))
    await connected(page)
    await say(page, 'hello')
    await settled(page, 1)
    await page.evaluate(spoken)
    await say(page, 'count to 50 at 50/s')
    await settled(page, 2)
    await say(page, 'slow 60')
    await grown(page, 5)
    await page.locator('#stop').click()
    await page.getByText('Stopped by you').waitFor()
    await expect
      .poll(() => page.evaluate('spoken'))
      .toEqual(['The demo agent is answering', 'Answer ready', 'The demo agent is answering', 'Answer stopped'])
    expect(await page.locator('#rows').getAttribute('aria-live')).toBe('off')
  })

  test('typing here never takes the focus there, and both show the same in the same order [UI 3]', async () => {
    const server = await gateway()
    const a = await openPage(await visitor(browser(), server))
    await say(a, 'hello')
    const session = await sessionIn(a)
    await settled(a, 1)
    const b = await openPage(await visitor(browser(), server), session)
    await settled(b, 1)
    await b.fill('#text', 'a draft of b')
    await b.locator('#scroller').focus()
    for (const text of ['count to 5', 'think', 'hello again']) await say(a, text)
    for (const page of [a, b]) await settled(page, 4)
    expect(await b.evaluate('document.activeElement.id')).toBe('scroller')
    expect(await b.inputValue('#text')).toBe('a draft of b')
    expect(await shown(a)).toEqual(await shown(b))
    expect(await shown(a)).toHaveLength(8)
  })

  test('a question answered on one page is answered on the other, by whom, and a second answer does no harm [UI 5]', async () => {
    const server = await gateway()
    const a = await openPage(await visitor(browser(), server))
    await say(a, 'write a file')
    const session = await sessionIn(a)
    const me = await visitor(browser(), server)
    const b = await openPage(me, session)
    for (const page of [a, b]) await page.locator('.card.ask.open button').first().waitFor()
    // What is said about it stands word for word, and the way to it is in sight.
    await a.locator('.needs', { hasText: 'The demo agent needs you: Write notes.md' }).getByText('Review').click()
    expect(await a.evaluate('document.activeElement.dataset.option')).toBe('allow_once')

    // B's answer is on its way while A's is taken.
    await me.context.setOffline(true)
    await b.locator('.card.ask.open button[data-option="deny"]').click()
    await a.keyboard.press('Enter')
    await a.locator('.answered', { hasText: 'Allow once, answered by you' }).waitFor()
    expect(await a.evaluate('document.activeElement.id')).toBe('text')
    await me.context.setOffline(false)
    await b.locator('.answered', { hasText: 'Allow once, answered by you' }).waitFor()
    await b.locator('.toast', { hasText: 'This question was answered before' }).waitFor()
    expect(await b.locator('.card.ask button').count()).toBe(0)
    for (const page of [a, b]) await settled(page, 1)
    const resolved = (await readLog(server, session)).filter(({ type }) => type === 'ask.resolved')
    expect(resolved).toMatchObject([{ option: 'allow_once' }])
    await b.locator('.card.artifact', { hasText: 'Version 1' }).waitFor()
  })

  test('a question takes an answer in own words', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server))
    await say(page, 'ask me')
    await page.locator('.card.ask input').fill('Apple juice')
    await page.locator('.card.ask input').press('Enter')
    await settled(page, 1)
    expect((await shown(page)).at(-1)).toBe('Your answer: "Apple juice". Thank you.')
    await page.locator('.answered', { hasText: '“Apple juice”, answered by you' }).waitFor()
  })

  test('Stop in mid-stream, after a reload, and from another page: what was said is kept [UI 16]', async () => {
    const server = await gateway()
    const a = await openPage(await visitor(browser(), server))
    await say(a, 'slow 500')
    const session = await sessionIn(a)
    const b = await openPage(await visitor(browser(), server), session)
    const stops = [
      () => a.locator('#stop').click(),
      async () => (await a.reload(), a.locator('#stop').click()),
      () => b.locator('#stop').click(),
    ]
    for (const [index, stop] of stops.entries()) {
      if (index > 0) await say(a, 'slow 500')
      await grown(a, 5)
      await stop()
      await a.getByText('Stopped by you').nth(index).waitFor()
      await settled(a, index + 1)
    }
    await settled(b, 3)
    const state = await stateOf(server, session)
    expect(await shown(a)).toEqual(saidIn(state))
    expect(await shown(b)).toEqual(saidIn(state))
    expect(state.items.flatMap((item) => (item.kind === 'end' ? [item.outcome] : []))).toEqual(
      Array(3).fill('cancelled'),
    )
  })

  test('messages queue while a turn runs, one can be taken back, and the rest goes out in order [UI 17]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server))
    await say(page, 'slow 500')
    const session = await sessionIn(page)
    await grown(page, 5)
    for (const text of ['count to 2', 'count to 3', 'count to 4']) await say(page, text)
    await page.locator('.user.queued').nth(2).waitFor()
    await page.getByText('3 messages queued, they go out when this turn ends.').waitFor()
    await page.locator('.user.queued', { hasText: 'count to 3' }).getByText('Remove').click()
    await page.getByText('2 messages queued').waitFor()
    await page.locator('#stop').click()
    await settled(page, 3)
    const texts = await shown(page)
    expect(texts.slice(-2)).toEqual(['count to 4', '1 2 3 4'])
    expect(texts.filter((text) => text === '1 2 3')).toEqual([])
    expect([...texts].toSorted()).toEqual([...saidIn(await stateOf(server, session))].toSorted())
  })
})
