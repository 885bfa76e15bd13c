import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyJournal } from '../../src/journals/sqlite/verify.ts'
import { makeImage, putImage, see, type Image, type Seen } from './images.ts'
import { seeded } from '../tools/seeded.ts'

let folder: string
let file: string
let image: Image
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-damage-'))
  file = join(folder, 'damaged.db')
  image = await makeImage(join(folder, 'journal.db'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** An answer that says that it is not whole. */
const isTold = (answer: string | undefined): boolean => /^refused: |"unreadable":[1-9]/.test(answer ?? '')

const opened = (sessions = image.sessions) => {
  try {
    return see(file, sessions)
  } catch (error) {
    return { refused: error instanceof Error ? error.name : String(error) }
  }
}

describe('fault 3: torn and garbage ends of the write-ahead log', { timeout: 120_000 }, () => {
  test('[I1] fault 3: 500 images open with exactly the commits that were whole', () => {
    const random = seeded(3)
    const total = { images: 0, lost: 0, changed: 0, refused: 0, newEpochs: 0 }
    for (; total.images < 500; total.images++) {
      const cut = Math.floor(random() * image.wal.length)
      const torn = Buffer.from(image.wal)
      const kind = total.images % 3
      if (kind === 1) for (let index = cut; index < torn.length; index++) torn[index] = Math.floor(random() * 256)
      if (kind === 2) torn.fill(0, cut)
      putImage(file, image.db, kind === 0 ? torn.subarray(0, cut) : torn)
      const result = opened()
      if ('refused' in result) {
        total.refused++
        continue
      }
      if (result.epoch !== 1) total.newEpochs++
      const whole = image.moments.findLast(({ wal }) => wal <= cut)?.seen
      for (const [what, had] of Object.entries(whole ?? {})) {
        if (!what.startsWith('log ')) continue
        const has = JSON.parse(result.seen[what] ?? '') as { batches: unknown[] }
        const { batches } = JSON.parse(had) as typeof has
        if (has.batches.length < batches.length) total.lost++
        if (JSON.stringify(has.batches.slice(0, batches.length)) !== JSON.stringify(batches)) total.changed++
      }
    }
    console.log('torn logs:', total)
    expect(total).toEqual({ images: 500, lost: 0, changed: 0, refused: 0, newEpochs: 0 })
  })
})

describe('fault 4: flipped bits', { timeout: 120_000 }, () => {
  /** Flips one bit an image, and says what became of each. */
  const flip = (where: 'db' | 'wal', runs: number, seed: number) => {
    const random = seeded(seed)
    const total = {
      runs: 0,
      unharmed: 0,
      refused: 0,
      newEpoch: 0,
      lastCommit: 0,
      damagedSessions: 0,
      servedBeside: 0,
      silent: [] as string[],
    }
    const truth = image.moments.at(-1)?.seen as Seen
    const before = image.moments.at(-2)?.seen as Seen
    for (; total.runs < runs; total.runs++) {
      const bytes = Buffer.from(image[where])
      const bit = Math.floor(random() * bytes.length * 8)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      putImage(file, where === 'db' ? bytes : image.db, where === 'wal' ? bytes : image.wal)
      const result = opened()
      if ('refused' in result) {
        total.refused++
        if (result.refused !== 'JournalRefused') total.silent.push(`bit ${bit}: ${result.refused}`)
        continue
      }
      const differing = Object.keys(truth).filter((what) => result.seen[what] !== truth[what])
      const told = differing.filter((what) => isTold(result.seen[what]))
      if (differing.length === 0) total.unharmed++
      else if (result.epoch !== 1) total.newEpoch++
      else if (differing.every((what) => result.seen[what] === before[what] || isTold(result.seen[what]))) {
        if (told.length === 0) total.lastCommit++
        else {
          const hurt = image.sessions.filter((name) => told.includes(`log ${name}`))
          total.damagedSessions += hurt.length
          if (hurt.length < image.sessions.length) total.servedBeside++
        }
      } else total.silent.push(`bit ${bit} of ${where}: ${differing.filter((what) => !told.includes(what)).join()}`)
    }
    console.log(`flipped bits in the ${where}:`, total)
    return total
  }
  test('[I1] fault 4: 200 flips in the database: nothing wrong is ever shown as right', () => {
    const total = flip('db', 200, 4)
    expect(total.silent).toEqual([])
    expect(total.damagedSessions).toBeGreaterThan(0)
    expect(total.lastCommit).toBe(0)
  })
  test('[I1] fault 4: 200 flips in the write-ahead log: a new epoch says that a tail is lost', () => {
    const total = flip('wal', 200, 5)
    expect(total.silent).toEqual([])
    // The last commit of all looks like one that the power cut short: only a reader that has seen it can tell (cursor_diverged).
    expect(total.lastCommit).toBeLessThan(20)
    expect(total.newEpoch).toBeGreaterThan(100)
  })
  test('fault 4: verify finds what harms', () => {
    const random = seeded(6)
    const missed: number[] = []
    for (let run = 0; run < 100; run++) {
      const bytes = Buffer.from(image.db)
      const bit = Math.floor(random() * bytes.length * 8)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      putImage(file, bytes, image.wal)
      const problems = (() => {
        try {
          return verifyJournal(file).problems.length
        } catch {
          return 1
        }
      })()
      const result = opened()
      const harmed = 'refused' in result || Object.values(result.seen).some(isTold)
      if (harmed && problems === 0) missed.push(bit)
    }
    expect(missed).toEqual([])
  })
})
