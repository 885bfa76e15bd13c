import { byId, theOne } from './dom.ts'

/** The list of sessions where there is no room beside the thread: opened by a button, closed by Esc or beside it. */
export const createDrawer = () => {
  const menu = theOne(HTMLButtonElement, 'menu')
  const panel = byId('sessions')
  const set = (open: boolean): void => {
    panel.classList.toggle('open', open)
    menu.setAttribute('aria-expanded', String(open))
  }
  const close = (): void => {
    if (!panel.classList.contains('open')) return
    set(false)
    menu.focus()
  }
  menu.addEventListener('click', () => {
    set(true)
    byId('new').focus()
  })
  byId('scrim').addEventListener('click', close)
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close()
  })
  return { close }
}
