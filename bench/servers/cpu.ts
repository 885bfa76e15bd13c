/** Says what others need to know to come here; from then on it answers each message with the CPU of this process so far, in µs. */
export const serveCpu = (ready: unknown): void => {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
  process.on('disconnect', () => process.exit())
  process.send?.(ready)
}
