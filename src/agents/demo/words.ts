/** Cuts text into words, each with the white space that follows it; joined they are the text again. */
export const wordsOf = (text: string): readonly string[] => {
  const words: string[] = []
  for (const [piece] of text.matchAll(/\s+|\S+/g)) {
    const last = words.length - 1
    if (piece.trim() === '' && last >= 0) words[last] += piece
    else words.push(piece)
  }
  return words
}

/** How many words a text has: what the demo agent calls tokens. */
export const countWords = (text: string): number => {
  let count = 0
  for (const _ of text.matchAll(/\S+/g)) count++
  return count
}

const birds =
  'avocet bittern curlew dunnock egret finch godwit heron ibis jackdaw kestrel lapwing merlin nuthatch osprey plover quail robin siskin turnstone wagtail wren'.split(
    ' ',
  )

/** `count` words that depend on the seed alone (32-bit mix after Steele et al., "Fast splittable pseudorandom number generators", 2014). */
export const seededWords = (seed: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => {
    let mixed = (seed + Math.imul(index + 1, 0x9e_37_79_b9)) | 0
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85_eb_ca_6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2_b2_ae_35)
    return birds[((mixed ^ (mixed >>> 16)) >>> 0) % birds.length] ?? ''
  })

/** The number in a prompt after a word ("count to 1,000"), between 1 and `max`; `fallback` where there is none. */
export const numberAfter = (word: string, prompt: string, fallback: number, max: number): number => {
  const at = prompt.indexOf(word)
  const digits = /^\s{0,9}(\d[\d,_]{0,20})/.exec(prompt.slice(at + word.length))?.[1]?.replace(/[,_]/g, '')
  return at < 0 || digits === undefined ? fallback : Math.min(max, Math.max(1, Number(digits)))
}

/** ms a word, when the prompt says "at 50/s"; up to 100,000 a second. */
export const paceIn = (prompt: string): number | undefined => {
  const rate = /\bat (\d{1,6})\s?\/\s?s/.exec(prompt)?.[1]
  return rate === undefined ? undefined : 1000 / Math.min(100_000, Math.max(1, Number(rate)))
}
