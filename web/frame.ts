/** Runs `paint` once before the next frame, however often it is asked for: a burst of events costs one pass. */
export const onFrame = (paint: () => void): (() => void) => {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => {
      asked = false
      paint()
    })
  }
}
