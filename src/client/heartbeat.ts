/** The last ping that was sent. */
export interface Ping {
  readonly n: number
  readonly at: number
  readonly answered: boolean
}

/** A pong this late, ms, while nothing else is heard, is worth telling the user. */
const late = 5_000

/** When the next ping is due: two a heartbeat. */
export const beat = (ping: Ping, hb: number): number => ping.at + hb / 2

/** When the link becomes doubtful; Infinity when something was heard since the ping. */
export const overdue = (ping: Ping, heardAt: number): number =>
  ping.answered || heardAt > ping.at ? Infinity : ping.at + late

/** The middle one, rounded; null of none. */
export const median = (numbers: readonly number[]): number | null => {
  const middle = numbers.slice().sort((a, b) => a - b)[numbers.length >> 1]
  return middle === undefined ? null : Math.round(middle)
}
