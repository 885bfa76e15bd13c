import { describe, expect, onTestFinished, test } from 'vitest'
import { connected } from '../tools/browser.ts'
import { startProxy } from '../tools/proxy.ts'
import { readLog } from '../tools/http.ts'
import {
  gateway,
  openPage,
  pill,
  say,
  sessionIn,
  settled,
  sharedBrowser,
  shown,
  skipped,
  stateOf,
  saidIn,
  visitor,
} from './harness.ts'

describe.skipIf(skipped)('the message box and what was said without a connection', () => {
  const browser = sharedBrowser()

  test('a draft comes back after each way of losing it, a session each, and is gone once the server has it [UI 15]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server))
    await connected(page)
    await say(page, 'hello')
    const first = await sessionIn(page)
    await settled(page, 1)
    await page.fill('#text', 'draft of the first')
    await page.locator('#new').click()
    await expect.poll(() => page.inputValue('#text')).toBe('')
    await page.fill('#text', 'draft of a new one')
    await page.locator(`.session[data-id="${first}"]`).click()
    expect(await page.inputValue('#text')).toBe('draft of the first')
    await page.reload()
    await expect.poll(() => page.inputValue('#text')).toBe('draft of the first')
    await server.kill()
    await pill(page, 'reconnecting')
    await page.fill('#text', 'draft while the server is away')
    expect(await page.locator('#text').isEditable()).toBe(true)
    await server.start()
    await connected(page, 30_000)
    expect(await page.inputValue('#text')).toBe('draft while the server is away')
    await page.locator('#new').click()
    expect(await page.inputValue('#text')).toBe('draft of a new one')
    await page.press('#text', 'Enter')
    await settled(page, 1)
    await page.locator('#new').click()
    expect(await page.inputValue('#text')).toBe('')
    const kept = await page.evaluate<readonly string[]>(
      `Object.entries(localStorage).filter(([key]) => key.startsWith('holdfast.draft.')).map(([, value]) => JSON.parse(value).text)`,
    )
    expect(kept).toEqual(['draft while the server is away'])
  })

  test('Enter sends, Shift+Enter and the Enter of an input method do not [UI 24]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server))
    await connected(page)
    await page.locator('#text').pressSequentially('one')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('two')
    await page.evaluate(
      `document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))`,
    )
    expect(await page.inputValue('#text')).toBe('one\ntwo')
    expect(await page.locator('.said').count()).toBe(0)
    await page.keyboard.press('Enter')
    await page.locator('.said.user', { hasText: 'one\ntwo' }).waitFor()
    expect(await page.inputValue('#text')).toBe('')
  })

  test('offline, and the connection destroyed: three messages wait in sight and go out once, in order [UI 9]', async () => {
    const server = await gateway()
    const proxy = await startProxy({ port: server.port })
    onTestFinished(proxy.close)
    const me = await visitor(browser(), server, { at: `http://127.0.0.1:${proxy.port}` })
    const page = await openPage(me)
    await connected(page)
    await say(page, 'hello')
    const session = await sessionIn(page)
    await settled(page, 1)
    await me.context.setOffline(true)
    proxy.cut()
    await pill(page, 'offline')
    const texts = ['count to 2', 'count to 3', 'count to 4']
    for (const text of texts) await say(page, text)
    await page.getByText('You are offline, 3 messages wait here').waitFor()
    await expect.poll(() => page.locator('.said.pending', { hasText: 'Waiting' }).count()).toBe(3)
    await me.context.setOffline(false)
    await settled(page, 4, 60_000)
    await expect.poll(() => page.locator('.said.pending').count()).toBe(0)
    expect((await shown(page)).filter((text) => texts.includes(text))).toEqual(texts)
    const prompts = (await readLog(server, session)).filter((event) => event.type === 'prompt')
    expect(prompts.map(({ text }) => text)).toEqual(['hello', ...texts])
    expect(new Set(prompts.map(({ cause }) => cause)).size).toBe(4)
  })

  test('offline, a new session, two messages, the tab closed: they go out once when the page is opened again [UI 10]', async () => {
    const server = await gateway()
    const me = await visitor(browser(), server)
    const page = await openPage(me)
    await connected(page)
    await me.context.setOffline(true)
    await pill(page, 'offline')
    for (const text of ['count to 2', 'count to 3']) await say(page, text)
    const session = await sessionIn(page)
    await expect.poll(() => page.locator('.said.pending').count()).toBe(2)
    await page.locator('.session', { hasText: 'Waits for the connection' }).waitFor()
    await page.close()
    await me.context.setOffline(false)
    const again = await openPage(me, session)
    await settled(again, 2)
    const said = ['count to 2', '1 2', 'count to 3', '1 2 3']
    expect(await shown(again)).toEqual(said)
    expect([...saidIn(await stateOf(server, session))].toSorted()).toEqual([...said].toSorted())
  })

  test('what never left can be taken back into the box', async () => {
    const server = await gateway()
    const me = await visitor(browser(), server)
    const page = await openPage(me)
    await connected(page)
    await say(page, 'hello')
    await settled(page, 1)
    await me.context.setOffline(true)
    await pill(page, 'offline')
    await say(page, 'not what I meant')
    await page.locator('.said.pending').getByText('Edit').click()
    expect(await page.inputValue('#text')).toBe('not what I meant')
    await expect.poll(() => page.locator('.said.pending').count()).toBe(0)
  })
})
