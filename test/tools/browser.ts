import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { skipped } from './needs.ts'

const places = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
export const chromiumPath = places.find((place) => place !== '' && existsSync(place))

/** Why browser tests cannot run here; undefined: they can. */
export const noBrowser = (): string | undefined =>
  chromiumPath === undefined ? skipped('no Chromium: install the chromium package, or name it in CHROMIUM') : undefined

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath ?? '',
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })

/** A browser profile of its own, and everything in it that should not have happened. */
export interface Profile {
  readonly context: BrowserContext
  /** Errors in the console, and what broke the page's policy. */
  readonly complaints: string[]
}

export const newProfile = async (browser: Browser, options: BrowserContextOptions = {}): Promise<Profile> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  return { context, complaints }
}

/** Signs a profile in by a link and waits for the connection. */
export const enter = async (profile: Profile, link: string): Promise<Page> => {
  const page = await profile.context.newPage()
  await page.goto(link)
  await connected(page)
  return page
}

export const connected = (page: Page, timeout = 10_000): Promise<void> =>
  page.locator('#pill[data-kind="connected"]').waitFor({ timeout })

/** A link that signs a browser in, once. @param at where the browser goes, when not straight to the server */
export const linkTo = async (
  server: { readonly url: string; readonly key: string },
  at = server.url,
): Promise<string> => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.key}` }
  const answer = await fetch(`${server.url}/v1/tickets`, { method: 'POST', headers, body: '{"path":"/"}' })
  const { ticket } = (await answer.json()) as { readonly ticket: string }
  return `${at}/?ticket=${ticket}`
}
