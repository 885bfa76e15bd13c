/** ms of the machine's monotonic clock: one clock for all processes, so a time sent by one can be subtracted by another. */
export const machineNow = (): number => Number(process.hrtime.bigint()) / 1e6
