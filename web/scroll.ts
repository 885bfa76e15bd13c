/** px from the end within which a reader is taken to follow it */
const near = 48

/**
 * Keeps a reader who is at the end at the end, and everybody else where they are.
 * @param jump shown while there is something below
 */
export const followEnd = (scroller: HTMLElement, jump: HTMLElement) => {
  let follows = true
  const measure = (): void => {
    follows = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < near
    jump.hidden = follows
  }
  const toEnd = (): void => {
    follows = true
    jump.hidden = true
    scroller.scrollTop = scroller.scrollHeight
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
