import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { endianness } from 'node:os'

// sqlite.org/fileformat2.html#the_write_ahead_log
const headerSize = 32
const frameHeaderSize = 24
/** By how many pages a believable commit grows the database at most: 1 GiB. */
const growth = 2 ** 18

type Sum = readonly [number, number]

/**
 * Whether a write-ahead log has commits behind a damaged one. SQLite ends reading at the first frame that does not fit
 * its checksum, as if the power had gone there. But a commit is on the disk before the next one is written: when
 * something follows a damaged commit, that one had been acknowledged, and the end of the journal is lost.
 * What follows is found because each frame's checksum goes on from the one stored in the frame before.
 */
export const damagedWal = (path: string): boolean => {
  if (!existsSync(path)) return false
  const { size } = statSync(path)
  if (size < headerSize + frameHeaderSize) return false
  const file = openSync(path, 'r')
  try {
    return scan(file, size)
  } finally {
    closeSync(file)
  }
}

const scan = (file: number, size: number): boolean => {
  const header = readWords(file, headerSize, 0)
  const little = (at(header, 0) & 1) === 0
  const pageSize = at(header, 2)
  const stored: Sum = [at(header, 6), at(header, 7)]
  const headerFits = same(add([0, 0], header.subarray(0, 6), little), stored)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return !headerFits

  const frameSize = frameHeaderSize + pageSize
  const first = readWords(file, frameHeaderSize, headerSize)
  const salt: Sum = headerFits ? [at(header, 4), at(header, 5)] : [at(first, 2), at(first, 3)]
  let before = stored
  let pages = 0
  let broken = !headerFits
  let lostCommits = 0
  for (let position = headerSize; position + frameSize <= size; position += frameSize) {
    const frame = readWords(file, frameSize, position)
    const mine: Sum = [at(frame, 4), at(frame, 5)]
    const isOfThisLog = same([at(frame, 2), at(frame, 3)], salt)
    const sum = add(add(before, frame.subarray(0, 2), little), frame.subarray(6), little)
    const isWhole = isOfThisLog && same(sum, mine)
    const grown = at(frame, 1)
    if (isWhole && lostCommits > 0) return true
    if (isWhole && grown !== 0 && !headerFits) return true
    // The damaged frame may be the end of its commit; what was never written there has no believable size.
    const breaksHere = !isWhole && !broken && isOfThisLog && grown >= Math.max(1, pages) && grown <= pages + growth
    if (breaksHere || (isWhole && broken && grown !== 0)) lostCommits++
    if (!isWhole) broken = true
    if (isWhole && grown !== 0) pages = grown
    before = mine
  }
  return false
}

/** Big-endian words, as all numbers of the format but the ones under the checksum are. */
const readWords = (file: number, bytes: number, position: number): Uint32Array => {
  const buffer = new Uint8Array(bytes)
  readSync(file, buffer, 0, bytes, position)
  const words = new Uint32Array(buffer.buffer)
  if (endianness() === 'LE') Buffer.from(buffer.buffer).swap32()
  return words
}
const at = (words: Uint32Array, index: number): number => words[index] ?? 0
const same = (a: Sum, b: Sum): boolean => a[0] === b[0] && a[1] === b[1]

const swap = (word: number): number =>
  ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)

/** The format's checksum over words, taken as little-endian where the log says so. */
const add = ([start0, start1]: Sum, words: Uint32Array, little: boolean): Sum => {
  let s0 = start0 | 0
  let s1 = start1 | 0
  for (let index = 0; index < words.length; index += 2) {
    const a = at(words, index)
    const b = at(words, index + 1)
    s0 = (s0 + (little ? swap(a) : a) + s1) | 0
    s1 = (s1 + (little ? swap(b) : b) + s0) | 0
  }
  return [s0 >>> 0, s1 >>> 0]
}
