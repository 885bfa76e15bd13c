/** px from the end within which a reader is taken to follow it */
const near = 48

/**
 * Keeps a reader who is at the end at the end, and everybody else where they are.
 * @param jump shown while there is something below
 */
export const followEnd = (scroller: HTMLElement, jump: HTMLElement) => {
  let follows = true
  let top = 0
  const measure = (): void => {
    const gap = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight
    // Whoever moves up, however slowly, wants to stay there.
    if (scroller.scrollTop < top && gap > 4) follows = false
    else if (gap < near) follows = true
    else if (scroller.scrollTop !== top) follows = false
    top = scroller.scrollTop
    jump.hidden = follows
  }
  const toEnd = (): void => {
    follows = true
    jump.hidden = true
    scroller.scrollTop = scroller.scrollHeight
    top = scroller.scrollTop
  }
  scroller.addEventListener('scroll', measure, { passive: true })
  // A composer that grows, or a keyboard that opens, must not push the last line out of sight.
  new ResizeObserver(() => {
    if (follows) toEnd()
  }).observe(scroller)
  jump.addEventListener('click', () => {
    toEnd()
    scroller.focus()
  })
  return {
    /** Call it when the thread has changed. */
    keep: () => {
      if (follows) toEnd()
    },
    toEnd,
  }
}
