import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { startProxy } from '../tools/proxy.ts'
import { connected, enter, launch, linkTo, newProfile } from '../tools/browser.ts'
import { machine } from '../tools/process.ts'

/** Writes every state of the page to test/screenshots, wide and narrow, light and dark, for somebody to look at. */
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'test/screenshots')
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } } as const
const schemes = ['light', 'dark'] as const

const say = async (page: Page, text: string): Promise<void> => {
  await page.fill('#text', text)
  await page.press('#text', 'Enter')
}
const done = (page: Page, turns: number): Promise<void> =>
  page.locator('.session[aria-current] .state', { hasText: new RegExp(`^Done, ${turns} turn`) }).waitFor()
const asked = (page: Page): Promise<void> => page.locator('.card.ask.open').last().waitFor()
const pill = (page: Page, kind: string, timeout = 20_000): Promise<void> =>
  page.locator(`#pill[data-kind="${kind}"]`).waitFor({ timeout })

await mkdir(folder, { recursive: true })
execFileSync(process.execPath, ['scripts/run.mjs', 'build'], { cwd: root, stdio: 'inherit' })
const server = await machine()
const browser = await launch()
try {
  await server.start()
  const proxy = await startProxy({ port: server.port })
  const profile = await newProfile(browser, { reducedMotion: 'reduce' })
  const at = `http://127.0.0.1:${proxy.port}`
  const shoot = async (page: Page, name: string): Promise<void> => {
    for (const colorScheme of schemes)
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize(viewport)
        await page.evaluate('new Promise((done) => setTimeout(done, 120))')
        await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) })
      }
    await page.setViewportSize(sizes.wide)
  }

  const stranger = await newProfile(browser, { reducedMotion: 'reduce' })
  const outside = await stranger.context.newPage()
  await outside.goto(at)
  await pill(outside, 'error')
  await shoot(outside, '01-signed-out')
  await stranger.context.close()

  const page = await enter(profile, await linkTo({ url: server.url, key: server.key() }, at))
  await shoot(page, '02-welcome')
  await say(page, 'think')
  await done(page, 1)
  await page.locator('.thinking summary').click()
  await say(page, 'tool')
  await page.locator('.card.tool progress').waitFor()
  await shoot(page, '03-tool-running')
  await done(page, 2)
  await shoot(page, '04-thinking-and-tool')
  await say(page, 'write a file')
  await asked(page)
  await shoot(page, '05-permission')
  await page.locator('.card.ask.open button[data-option="allow_once"]').click()
  await done(page, 3)
  await shoot(page, '06-artifact')
  await page.locator('#new').click()
  await say(page, 'ask me')
  await asked(page)
  await shoot(page, '07-question')
  await page.locator('.card.ask.open input').fill('Apple juice')
  await page.locator('.card.ask.open input').press('Enter')
  await done(page, 1)
  await say(page, 'fail')
  await done(page, 2)
  await say(page, 'Create a story and fail the tool')
  await done(page, 3)
  await shoot(page, '08-failures')
  await page.locator('#new').click()
  await say(page, 'Write a SwiftUI view')
  await done(page, 1)
  await say(page, 'slow 60')
  await page.locator('.tail .busy').waitFor()
  await say(page, 'hello')
  await say(page, 'and then count to 5')
  await page.locator('.user.queued .link').first().waitFor()
  await shoot(page, '09-queue')
  await page.fill('#text', 'a draft\nof two lines')
  await shoot(page, '10-draft-while-running')
  await page.fill('#text', '')
  await page.locator('#stop').click()
  await page.getByText('Stopped by you').waitFor()
  await done(page, 4)
  await shoot(page, '11-stopped')
  await page.setViewportSize(sizes.narrow)
  await page.locator('#menu').click()
  await page.screenshot({ path: join(folder, '12-drawer-narrow-dark.png') })
  await page.keyboard.press('Escape')
  await page.setViewportSize(sizes.wide)

  await say(page, 'slow 60')
  await page.locator('.tail .busy').waitFor()
  await server.kill()
  await pill(page, 'reconnecting')
  await say(page, 'sent while the server was away')
  await shoot(page, '13-reconnecting')
  await server.start()
  await connected(page)
  await done(page, 6)
  await shoot(page, '14-interrupted')
  await profile.context.setOffline(true)
  await say(page, 'sent without a network')
  await pill(page, 'offline')
  await shoot(page, '15-offline')
  await profile.context.setOffline(false)
  await connected(page)
  await done(page, 7)
  proxy.halfOpen()
  await pill(page, 'checking', 30_000)
  await shoot(page, '16-checking')
  await connected(page, 40_000)
  proxy.delay(400)
  await page.reload()
  await pill(page, 'slow', 40_000)
  await shoot(page, '17-slow')
  await proxy.close()
} finally {
  await browser.close()
  await server.remove()
}
console.log(`The pictures are in ${folder}`)
