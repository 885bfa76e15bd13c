/** One line of the table. Times and sizes are in `unit`; only ratios are judged, because machines are shared and noisy. */
export interface Figure {
  /** P-number of the performance goals. */
  readonly id: string
  readonly name: string
  readonly unit: string
  readonly ours: number
  readonly floor: number
  readonly floorName: string
  readonly peer?: number
  readonly peerName?: string
  /** `ours / floor` (or the value named in `goal`) must not be above this. Without it the figure is shown, not judged. */
  readonly most?: number
  /** What is compared with `most`, when it is not ours / floor. */
  readonly judged?: number
  readonly goal: string
}

export const judged = (figure: Figure): number => figure.judged ?? figure.ours / figure.floor
export const met = (figure: Figure): boolean =>
  figure.most === undefined ||
  (judged(figure) <= figure.most && (figure.peer === undefined || figure.ours <= figure.peer))

export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Runs the measurements in turn, A B A B …, and gives each one's values: what drifts, drifts for all of them. */
export const inTurn = async <K extends string>(
  rounds: number,
  measures: Readonly<Record<K, () => Promise<number>>>,
): Promise<Readonly<Record<K, number[]>>> => {
  const found = Object.fromEntries(Object.keys(measures).map((name) => [name, []])) as unknown as Record<K, number[]>
  for (let round = 0; round < rounds; round++)
    for (const name of Object.keys(measures) as K[]) found[name].push(await measures[name]())
  return found
}

/** CPU time of this process, all its threads, in µs. */
export const cpuMicros = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
