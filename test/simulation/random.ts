/** A seeded source of chance: the same seed always gives the same numbers. */
export interface Random {
  /** 0 ≤ n < 1 */
  readonly next: () => number
  /** A whole number, `from` ≤ n ≤ `to`. */
  readonly between: (from: number, to: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(list: readonly [T, ...T[]]) => T
  /** Another source: how much is drawn from it changes nothing here. */
  readonly fork: () => Random
}

/** splitmix32 (Steele, Lea, Flood 2014, with the constants of T. Ettinger's 32-bit search). */
export const createRandom = (seed: number): Random => {
  let state = seed | 0
  const word = (): number => {
    state = (state + 0x9e3779b9) | 0
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  const next = (): number => word() / 2 ** 32
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)] ?? list[0],
    fork: () => createRandom(word()),
  }
}
