import { describe, expect, test } from 'vitest'
import { connected } from '../tools/browser.ts'
import { gateway, grown, openPage, say, settled, sharedBrowser, shown, skipped, visitor } from './harness.ts'

const scroller = `document.getElementById('scroller')`
const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

describe.skipIf(skipped)('on any screen, with any hand', () => {
  const browser = sharedBrowser()

  test('390 px and touch: no sideways scroll, targets large enough, the question in sight also over a keyboard [UI 20]', async () => {
    const server = await gateway()
    const me = await visitor(browser(), server, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    })
    const page = await openPage(me)
    await connected(page)
    await say(page, `hello ${'averyveryverylongword'.repeat(20)}`)
    await page.locator('.said.agent').first().waitFor()
    await say(page, 'write a file')
    await page.locator('.card.ask.open button').first().waitFor()
    expect(await page.evaluate(overflow)).toBe(0)
    await page.setViewportSize({ width: 390, height: 500 })
    await page.locator('.needs').waitFor()
    for (const part of ['#text', '.needs', '.tail .busy']) {
      const box = await page.locator(part).boundingBox()
      const [top, bottom] = [box?.y ?? -1, (box?.y ?? 0) + (box?.height ?? 0)]
      expect({ part, inside: top >= 0 && bottom <= 500 }).toEqual({ part, inside: true })
    }
    const small = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('button, summary, input, select, textarea')].filter((one) => one.checkVisibility({ visibilityProperty: true }))
        .map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => box.width < 24 || box.height < 24).map(([one]) => one.outerHTML)`,
    )
    expect(small).toEqual([])
    await page.locator('#menu').click()
    await page.locator('.session').first().waitFor()
    expect(await page.evaluate(overflow)).toBe(0)
    await page.locator('#new').click()
    await page.locator('.session').first().waitFor({ state: 'hidden' })
  })

  test('by keyboard alone: skip link, a new session, send, allow, stop, the list, Esc [UI 21]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server, { viewport: { width: 390, height: 844 } }))
    await connected(page)
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.id')).toBe('skip')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('text')
    await page.keyboard.type('write a file')
    await page.keyboard.press('Enter')
    await page.locator('.needs button').focus()
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.dataset.option')).toBe('allow_once')
    await page.keyboard.press('Enter')
    await page.locator('.answered').waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('text')
    await settled(page, 1)
    await page.keyboard.type('slow 500')
    await page.keyboard.press('Enter')
    await page.locator('#stop').waitFor()
    await page.locator('#stop').focus()
    await page.keyboard.press('Enter')
    await page.getByText('Stopped by you').waitFor()
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('text')
    await page.locator('#menu').focus()
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('new')
    await page.keyboard.press('Escape')
    expect(await page.evaluate('document.activeElement.id')).toBe('menu')
  })

  test('with reduced motion nothing moves, and each state is told in words [UI 23]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server, { reducedMotion: 'reduce', forcedColors: 'active' }))
    await connected(page)
    await say(page, 'slow 30')
    await grown(page, 3)
    expect(await page.evaluate('document.getAnimations().length')).toBe(0)
    await page.locator('.tail .busy', { hasText: 'The demo agent is answering' }).waitFor()
    expect(await page.locator('#pill').textContent()).toMatch(/^Connected/)
  })

  test('what looks like a program stays text: no dialog, no element, no request elsewhere [UI 24]', async () => {
    const server = await gateway()
    const me = await visitor(browser(), server)
    const page = await openPage(me)
    const elsewhere: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) elsewhere.push(request.url())
    })
    let dialogs = 0
    page.on('dialog', (dialog) => {
      dialogs++
      void dialog.dismiss()
    })
    const hostile =
      '<img src="http://elsewhere.test/x" onerror="alert(1)"><script>alert(2)</script> javascript:alert(3) \u202Egnp.exe \u001B[31mred'
    await say(page, hostile)
    await settled(page, 1)
    expect((await shown(page))[0]).toBe(hostile)
    expect((await shown(page))[1]?.startsWith(`You said: ${hostile}`)).toBe(true)
    expect(await page.locator('#rows img, #rows script, #rows a').count()).toBe(0)
    expect([elsewhere, dialogs, me.complaints]).toEqual([[], 0, []])
  })

  test('a reader who scrolled up stays where they are, and comes back by a button [UI 19]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server, { viewport: { width: 600, height: 500 } }))
    await say(page, 'count to 1500 at 400/s')
    await grown(page, 2500)
    await page.evaluate(`${scroller}.scrollTop = 40`)
    await page.locator('#jump').waitFor()
    const text = await grown(page, 0)
    await grown(page, text.length + 200)
    expect(Math.abs((await page.evaluate<number>(`${scroller}.scrollTop`)) - 40)).toBeLessThanOrEqual(2)
    await page.locator('#jump button').click()
    await page.locator('#jump').waitFor({ state: 'hidden' })
    await settled(page, 1)
    expect(
      await page.evaluate<number>(`${scroller}.scrollHeight - ${scroller}.scrollTop - ${scroller}.clientHeight`),
    ).toBeLessThanOrEqual(2)
  })

  test('1,000 tokens a second: no long task, and a key press is not held up [UI 18]', async () => {
    const server = await gateway()
    const page = await openPage(await visitor(browser(), server))
    await connected(page)
    await page.evaluate(
      `(() => { window.long = []; new PerformanceObserver((list) => long.push(...list.getEntries().map((one) => one.duration))).observe({ entryTypes: ['longtask'] }) })()`,
    )
    await say(page, 'count to 4000 at 1000/s')
    await grown(page, 1000)
    await page.fill('#text', '')
    await page.locator('#text').pressSequentially('typed while it streams')
    await settled(page, 1)
    expect(await page.inputValue('#text')).toBe('typed while it streams')
    const long = await page.evaluate<readonly number[]>('long')
    // Slack for a shared machine: a page that does its work per token instead of per frame has hundreds.
    expect(long.filter((ms) => ms > 200)).toEqual([])
    expect(long.length).toBeLessThanOrEqual(10)
  })
})
