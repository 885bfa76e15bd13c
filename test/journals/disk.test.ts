import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSqliteJournal } from '../../src/journals/sqlite/open.ts'
import { verifyJournal } from '../../src/journals/sqlite/verify.ts'
import { compare, needing, sh, startWriter, withFolder, type Writer } from './faults.ts'
import { created, log, seqsIn } from './said.ts'

const withWriter = async (
  options: { readonly sessions: number; readonly every: number; readonly for: number; readonly size: number },
  strace: readonly string[],
  check: (writer: Writer, file: string) => Promise<void>,
) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-disk-'))
  const file = join(folder, 'journal.db')
  const writer = startWriter(
    { file, ...options },
    strace.map((word) => word.replace('PLACE', file)),
  )
  try {
    await check(writer, file)
  } finally {
    await writer.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** I1 and I2 after a restart: nothing acknowledged is lost, nothing has a hole, and the file is sound. */
const expectAllThere = async (writer: Writer, file: string) => {
  expect(verifyJournal(file).problems).toEqual([])
  const journal = await openSqliteJournal({ file })
  expect(await compare(journal, writer.acknowledged())).toMatchObject({ lost: 0, changed: 0, holes: 0 })
  await journal.close()
}

describe('fault 6: disk full', { timeout: 60_000 }, () => {
  test(
    '[I1][I8] fault 6: reads go on, appends are refused as storage_full, and go on when there is room',
    needing(['mount'], async () => {
      await withFolder(async (_folder, mount) => {
        const disk = mount('disk', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs')
        const filler = join(disk.path, 'filler')
        writeFileSync(filler, Buffer.alloc(1024 * 1024))
        const file = join(disk.path, 'journal.db')
        const journal = await openSqliteJournal({ file })
        try {
          const lease = await journal.claim('s', { node: 'n', at: 1, create: true, opening: [created('s')] })
          const append = (text: string) =>
            journal.append(lease, [log(text)]).then(
              () => 'ok',
              (error: { code: string }) => error.code,
            )
          let written = 0
          for (let outcome = 'ok'; outcome === 'ok'; written++)
            outcome = await append(`${written}-${'x'.repeat(20_000)}`)
          for (let again = 0; again < 5; again++) expect(await append('x'.repeat(20_000))).toBe('storage_full')
          expect(lease.lost.aborted).toBe(false)
          expect(lease.head).toBe(written + 1)
          expect(seqsIn(await journal.read('s', 0, Number.MAX_SAFE_INTEGER))).toHaveLength(written + 1)
          expect(await journal.list()).toHaveLength(1)
          rmSync(filler)
          expect(await append('room again')).toBe('ok')
          await journal.probe()
          expect(seqsIn(await journal.read('s', written)).at(-1)).toBe(written + 2)
          expect(verifyJournal(file).problems).toEqual([])
        } finally {
          await journal.close()
        }
      })
    }),
  )
  test(
    'fault 9: ENOSPC in the middle of writing: refused, nothing half, and it goes on',
    needing(['strace'], () =>
      withWriter(
        { sessions: 4, every: 10, for: 1500, size: 6000 },
        ['-e', 'inject=pwrite64:error=ENOSPC:when=160..190'],
        async (writer, file) => {
          expect([await writer.exited, writer.errors()]).toEqual([0, ''])
          expect(writer.refused().length).toBeGreaterThan(0)
          expect(new Set(writer.refused())).toEqual(new Set(['storage_full']))
          const { attempts, acknowledged } = writer.stats()
          expect(acknowledged).toBe(attempts - writer.refused().length)
          await expectAllThere(writer, file)
        },
      ),
    ),
  )
})

describe('fault 7: read-only disk', { timeout: 60_000 }, () => {
  test(
    '[I1][I8] fault 7: a disk that the kernel made read-only: appends are refused as read_only, reads go on, a restart recovers',
    needing(['mount', 'mkfs.ext4'], async () => {
      await withFolder(async (folder, mount) => {
        const image = join(folder, 'disk.img')
        sh('truncate', '-s', '32M', image)
        sh('mkfs.ext4', '-q', '-F', image)
        const disk = mount('disk', '-o', 'loop', image)
        const journal = await openSqliteJournal({ file: join(disk.path, 'journal.db') })
        try {
          const lease = await journal.claim('s', { node: 'n', at: 1, create: true, opening: [created('s')] })
          for (let count = 0; count < 20; count++) await journal.append(lease, [log('x'.repeat(5000))])
          sh('mount', '-o', 'remount,abort', disk.path)
          for (let again = 0; again < 3; again++)
            await expect(journal.append(lease, [log('no')])).rejects.toMatchObject({ code: 'read_only' })
          await expect(journal.probe()).rejects.toMatchObject({ code: 'read_only' })
          expect(seqsIn(await journal.read('s', 0, Number.MAX_SAFE_INTEGER))).toHaveLength(22)
        } finally {
          await journal.close()
        }
        disk.end()
        const again = mount('again', '-o', 'loop', image)
        const reopened = await openSqliteJournal({ file: join(again.path, 'journal.db') })
        expect(seqsIn(await reopened.read('s', 0, Number.MAX_SAFE_INTEGER))).toHaveLength(22)
        await reopened.close()
      })
    }),
  )
  test(
    'fault 7: a disk that was read-only for a while is written to again by itself',
    needing(['strace'], () =>
      withWriter(
        { sessions: 4, every: 10, for: 1500, size: 6000 },
        [
          '-e',
          'inject=pwrite64:error=EROFS:when=160..190',
          '-e',
          'inject=write:error=EROFS',
          '-P',
          'PLACE-wal',
          '-P',
          'PLACE.probe',
        ],
        async (writer, file) => {
          expect([await writer.exited, writer.errors()]).toEqual([0, ''])
          expect(new Set(writer.refused())).toEqual(new Set(['read_only']))
          await expectAllThere(writer, file)
        },
      ),
    ),
  )
})

describe('fault 8: a failed fsync', { timeout: 60_000 }, () => {
  for (const when of [12, 40, 90])
    test(
      `[I1] fault 8: fsync fails at call ${when}: that commit is not acknowledged, the process ends with 70, a restart has all that was`,
      needing(['strace'], () =>
        withWriter(
          { sessions: 4, every: 5, for: 0, size: 500 },
          ['-e', `inject=fsync,fdatasync:error=EIO:when=${when}+5`],
          async (writer, file) => {
            expect([await writer.exited, writer.errors()]).toEqual([70, ''])
            expect(writer.fatal()).toBe(true)
            await expectAllThere(writer, file)
          },
        ),
      ),
    )
})

describe('fault 10: a slow disk', { timeout: 60_000 }, () => {
  test(
    'fault 10: fsync that takes 20 and 100 ms: batching keeps the throughput, the event loop does not feel it',
    needing(['strace'], async () => {
      const kept: Record<string, string> = {}
      const run = async (delay: number) => {
        const strace =
          delay === 0
            ? []
            : [
                '--seccomp-bpf',
                '-e',
                'trace=fsync,fdatasync',
                '-e',
                `inject=fsync,fdatasync:delay_exit=${delay * 1000}`,
              ]
        let figures = { acknowledged: 0, attempts: 0, lag: 0 }
        // Each session appends every 200 ms, so that even a slow disk leaves time for an answer.
        await withWriter({ sessions: 100, every: 200, for: 3000, size: 100 }, strace, async (writer, file) => {
          expect([await writer.exited, writer.errors()]).toEqual([0, ''])
          figures = writer.stats()
          await expectAllThere(writer, file)
        })
        kept[`${delay} ms`] =
          `${figures.acknowledged} of ${figures.attempts} appends, event loop late by ${figures.lag} ms at most`
        return figures.acknowledged
      }
      const fast = await run(0)
      const slow = [await run(20), await run(100)]
      console.log('slow fsync:', kept)
      for (const count of slow) expect(count / fast).toBeGreaterThan(0.6)
    }),
  )
})
