import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { failures } from '../../src/core/failures.ts'
import { clientFrames } from '../../src/core/frames.ts'

const page = await readFile(new URL('../../PROTOCOL.md', import.meta.url), 'utf8')
const folder = new URL('./', import.meta.url)

test('[X1] the table of close codes in PROTOCOL.md is the table of failures', () => {
  const rows = page.matchAll(/^\| (\d{4}) \| `(\w+)` \| (\d+) \| (yes|no) \| (.*) \|$/gm)
  const told = [...rows].map(([, close, code, http, again, message]) => [
    code,
    Number(close),
    Number(http),
    again,
    message,
  ])
  const real = Object.entries(failures).flatMap(([code, { close, http, message }]) =>
    close === null ? [] : [[code, close, http, (close as number) < 4400 ? 'yes' : 'no', message]],
  )
  expect(told.map(String).toSorted()).toEqual(real.map(String).toSorted())
})

test('every frame a client may send is on the page', () => {
  for (const name of Object.keys(clientFrames)) expect(page).toContain(`t: '${name}'`)
})

test('every rule that these tests cite is on the page', async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.test.ts'))
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')))
  const cited = new Set(texts.flatMap((text) => text.match(/\[[ACDEFHLSWX]\d+\]/g) ?? []))
  expect(cited.size).toBeGreaterThan(20)
  for (const rule of cited) expect(page).toContain(`* **${rule}**`)
})
