import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { foldSession } from '../../src/core/fold.ts'
import { emptySession, textOf, type SessionState } from '../../src/core/session.ts'
import { launch, linkTo, newProfile, noBrowser, type Profile } from '../tools/browser.ts'
import { readLog } from '../tools/http.ts'
import { machine, type Machine } from '../tools/process.ts'

export const skipped = noBrowser() !== undefined

/** One browser for the tests of a block; each has servers and profiles of its own. */
export const sharedBrowser = (): (() => Browser) => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(async () => {
    await browser.close()
  })
  return () => browser
}

/** A gateway that runs, gone when the test ends. */
export const gateway = async (...flags: readonly string[]): Promise<Machine> => {
  const server = await machine({ flags })
  onTestFinished(server.remove)
  await server.start()
  return server
}

export interface Visitor extends Profile {
  /** Where the browser goes; a proxy stands before the server where a test put one. */
  readonly at: string
}

/** A signed-in profile with no page yet, closed when the test ends. */
export const visitor = async (
  browser: Browser,
  server: Machine,
  { at = server.url, ...options }: BrowserContextOptions & { readonly at?: string } = {},
): Promise<Visitor> => {
  const profile = await newProfile(browser, options)
  onTestFinished(() => profile.context.close())
  await profile.context.request.get(await linkTo({ url: server.url, key: server.key() }, at))
  return { ...profile, at }
}

/** A page of a visitor, at a session where one is named. */
export const openPage = async ({ context, at }: Visitor, session?: string): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(session === undefined ? at : `${at}/#s/${session}`)
  return page
}

export const say = async (page: Page, text: string): Promise<void> => {
  await page.fill('#text', text)
  await page.press('#text', 'Enter')
}

/** The session that a page is at. */
export const sessionIn = async (page: Page): Promise<string> => {
  await page.waitForURL(/#s\/./)
  return decodeURIComponent(new URL(page.url()).hash.slice('#s/'.length))
}

export const pill = (page: Page, kind: string, timeout = 10_000): Promise<void> =>
  page.locator(`#pill[data-kind="${kind}"]`).waitFor({ timeout })

/** Until nothing runs in the open session. */
export const settled = async (page: Page, turns: number, timeout = 30_000): Promise<void> =>
  page
    .locator('.session[aria-current] .state', { hasText: new RegExp(`^Done, ${turns} turn`) })
    .waitFor({ state: 'attached', timeout })

/** What the page shows as said, in its order: what a reader would compare. */
export const shown = async (page: Page): Promise<readonly string[]> =>
  page.evaluate(
    `[...document.querySelectorAll('#rows > .said:not(.pending)')].map((one) =>
      [...one.querySelectorAll('.bubble, [data-part="text"]')].map((part) => part.textContent).join(''))`,
  )

/** What the page shows of the answer that is being given. */
export const lastText = async (page: Page): Promise<string> => (await shown(page)).at(-1) ?? ''

export const stateOf = async (server: Machine, session: string): Promise<SessionState> =>
  foldSession(emptySession, await readLog(server, session))

/** What the log says was said. */
export const saidIn = ({ items }: SessionState): readonly string[] =>
  items.flatMap((item) => (item.kind === 'message' ? [textOf(item.parts)] : []))

/** Polls until a page's text has this many characters more than `from`, and gives the text. @throws after 20 s */
export const grown = async (page: Page, from: number): Promise<string> => {
  const end = performance.now() + 20_000
  for (;;) {
    const text = await lastText(page)
    if (text.length > from) return text
    if (performance.now() > end) throw new Error(`the text did not grow over ${from} characters`)
    await page.evaluate('new Promise(requestAnimationFrame)')
  }
}
