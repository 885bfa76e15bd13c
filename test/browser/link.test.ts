import { describe, expect, onTestFinished, test } from 'vitest'
import { connected, newProfile } from '../tools/browser.ts'
import { isUpgrade, startProxy } from '../tools/proxy.ts'
import { gateway, openPage, pill, say, settled, sharedBrowser, shown, skipped, visitor } from './harness.ts'

describe.skipIf(skipped)('the connection, in words', () => {
  const browser = sharedBrowser()

  test('WebSockets blocked on the way: it can chat over HTTP, says so, and comes back [UI 13]', async () => {
    const server = await gateway()
    const proxy = await startProxy({ port: server.port })
    onTestFinished(proxy.close)
    proxy.rule((request) => (isUpgrade(request) ? 'refuse' : 'pass'))
    const page = await openPage(await visitor(browser(), server, { at: `http://127.0.0.1:${proxy.port}` }))
    await pill(page, 'fallback', 30_000)
    await say(page, 'count to 20 at 100/s')
    await settled(page, 1)
    expect((await shown(page)).at(-1)).toBe(Array.from({ length: 20 }, (_, index) => index + 1).join(' '))
    proxy.heal()
    await connected(page, 90_000)
    await say(page, 'hello')
    await settled(page, 2)
  })

  test('a connection that goes dead without a word is noticed, and nothing is lost or doubled [UI 11]', async () => {
    const server = await gateway()
    const proxy = await startProxy({ port: server.port })
    onTestFinished(proxy.close)
    const page = await openPage(await visitor(browser(), server, { at: `http://127.0.0.1:${proxy.port}` }))
    await connected(page)
    await say(page, 'count to 10')
    await settled(page, 1)
    proxy.halfOpen()
    await page.getByText(/^No answer for \d+ s, checking$/).waitFor({ timeout: 20_000 })
    await say(page, 'count to 3')
    await connected(page, 40_000)
    await settled(page, 2)
    expect((await shown(page)).slice(-2)).toEqual(['count to 3', '1 2 3'])
  })

  test('reconnecting tells the try and the time left, and Retry now does [UI 7]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server))
    await connected(page)
    await server.kill()
    await page.locator('#pill', { hasText: /Reconnecting, try \d+, next in \d+ s/ }).waitFor({ timeout: 20_000 })
    await server.start()
    // It may be back by itself before the button can be pressed.
    await page
      .locator('#pill button')
      .click({ timeout: 2000 })
      .catch(() => undefined)
    await connected(page, 30_000)
    expect(await page.locator('#pill button').count()).toBe(0)
  })

  test('without a credential there is no retry, the draft stays, and a key signs in; a wrong one is refused in words [UI 14]', async () => {
    const server = await gateway()
    const profile = await newProfile(browser())
    onTestFinished(() => profile.context.close())
    const page = await profile.context.newPage()
    let sockets = 0
    page.on('websocket', () => sockets++)
    await page.goto(server.url)
    await page.locator('#pill', { hasText: 'Not signed in' }).waitFor()
    await page.fill('#text', 'my draft')
    await page.fill('#key', 'hf_wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This key was refused').waitFor()
    expect(await page.inputValue('#text')).toBe('my draft')
    await page.waitForTimeout(3000)
    expect(sockets).toBeLessThanOrEqual(1)
    await page.fill('#key', server.key())
    await page.getByRole('button', { name: 'Sign in' }).click()
    await connected(page)
    expect(await page.inputValue('#text')).toBe('my draft')
    expect(page.url()).not.toContain('ticket')
  })

  test('a link that was used before says so', async () => {
    const server = await gateway()
    const me = await newProfile(browser())
    onTestFinished(() => me.context.close())
    const page = await me.context.newPage()
    await page.goto(`${server.url}/?ticket=hft_used`)
    await page.locator('#pill[data-kind="error"]').waitFor()
    expect(await page.getByRole('heading', { name: 'This link was used before, or is too old' }).count()).toBe(1)
  })

  test('a session that is not there is told as such', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server), 'nowhere')
    await expect.poll(() => page.locator('#tail .error').textContent()).toBe('Session not found')
  })
})
