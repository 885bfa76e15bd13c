import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { verifyJournal } from '../../src/journals/sqlite/verify.ts'
import { compare, needing, sh, startWriter, withFolder } from './faults.ts'
import { until } from '../tools/until.ts'

/**
 * Cuts the power: the journal is on a file system in an image, the writer is stopped, and the image is copied. What
 * only the page cache had is not in the copy. → what became of acknowledged events, summed over all cuts.
 */
const cutPower = async (durability: 'strict' | 'off', cuts: number) => {
  const total = { cuts: 0, acknowledged: 0, lost: 0, changed: 0, holes: 0, extra: 0, refused: 0, problems: 0 }
  await withFolder(async (folder, mount) => {
    const image = join(folder, 'disk.img')
    const copy = join(folder, 'copy.img')
    sh('truncate', '-s', '96M', image)
    sh('mkfs.ext4', '-q', '-F', image)
    const disk = mount('disk', '-o', 'loop', image)
    const writer = startWriter({
      file: join(disk.path, 'journal.db'),
      sessions: 10,
      every: 4,
      for: 0,
      size: 200,
      durability,
    })
    try {
      await until(() => writer.count() > 100, 'the first rows')
      for (; total.cuts < cuts; total.cuts++) {
        const before = writer.count()
        await until(() => writer.count() > before + 50 + ((total.cuts * 37) % 90), `more rows ${writer.errors()}`)
        writer.signal('SIGSTOP')
        sh('cp', '--sparse=always', image, copy)
        const acknowledged = writer.acknowledged()
        writer.signal('SIGCONT')
        const cut = mount(`cut${total.cuts}`, '-o', 'loop', copy)
        const file = join(cut.path, 'journal.db')
        for (const events of acknowledged.values()) total.acknowledged += events.size
        try {
          if (existsSync(file)) total.problems += verifyJournal(file).problems.length
          const journal = await openSqliteJournal({ file })
          const { lost, changed, holes, extra } = await compare(journal, acknowledged)
          await journal.close()
          total.lost += lost
          total.changed += changed
          total.holes += holes
          total.extra += extra
        } catch {
          total.refused++
        }
        cut.end()
      }
    } finally {
      await writer.end()
    }
  })
  return total
}

describe('fault 2: power cut', { timeout: 120_000 }, () => {
  test(
    '[I1] fault 2: 20 power cuts lose none of what was acknowledged',
    needing(['mount', 'mkfs.ext4'], async () => {
      const total = await cutPower('strict', 20)
      console.log('power cuts, strict:', total)
      expect(total).toMatchObject({ cuts: 20, lost: 0, changed: 0, holes: 0, refused: 0, problems: 0 })
      expect(total.acknowledged).toBeGreaterThan(1000)
    }),
  )
  test(
    'fault 2, negative control: without fsync the same cuts lose acknowledged events',
    needing(['mount', 'mkfs.ext4'], async () => {
      const total = await cutPower('off', 5)
      console.log('power cuts, no fsync:', total)
      expect(total.lost + total.refused).toBeGreaterThan(0)
    }),
  )
})
