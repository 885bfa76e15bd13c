/** What happened in a schedule: always as a hash, and as lines where somebody wants to read them. */
export interface Trace {
  readonly add: (at: number, kind: string, who: string, text: string) => void
  readonly hash: () => string
}

/** Of one text so many characters count, and its length: a frame has its cursors in front, and is compared with the log anyway. */
const most = 160

/** Two FNV-1a lanes with different primes: 64 bits of everything that was added, in its order. */
export const createTrace = (line?: (text: string) => void): Trace => {
  let a = 0x811c9dc5
  let b = 0x1b873593
  const mix = (text: string): void => {
    const end = Math.min(text.length, most)
    for (let i = 0; i < end; i++) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(b ^ code, 0x85ebca6b)
    }
    a = Math.imul(a ^ text.length, 0x01000193)
  }
  const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0')
  return {
    add: (at, kind, who, text) => {
      a ^= at
      mix(kind)
      mix(who)
      mix(text)
      line?.(`${at.toFixed(0).padStart(7)} ${kind.padEnd(12)} ${who} ${text}`)
    },
    hash: () => hex(a) + hex(b),
  }
}
