/** What a pure step is told of the world. */
export interface Moment {
  /** ms of a clock that never jumps. */
  readonly now: number
  /** 0 ≤ random < 1, a new one for each step. */
  readonly random: number
}
