import type { IconName } from './icon-name.ts'

type Props = Readonly<Record<string, string | number | boolean | undefined | ((event: never) => void)>>
type Child = Node | string | null | undefined | false

/**
 * Makes an element. A function is a listener (`onclick`), true an empty attribute; false and undefined are left out.
 * Text only ever becomes text: nothing here parses HTML.
 */
export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] => {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value as EventListener)
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : String(value))
  }
  node.append(...children.filter((child) => child instanceof Node || typeof child === 'string'))
  return node
}

const svg = 'http://www.w3.org/2000/svg'

/** A picture beside words that say the same: screen readers skip it. */
export const icon = (name: IconName): SVGSVGElement => {
  const node = document.createElementNS(svg, 'svg')
  node.setAttribute('class', name === 'spinner' ? 'icon spins' : 'icon')
  node.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(svg, 'use')
  use.setAttribute('href', `#i-${name}`)
  node.append(use)
  return node
}

/** The element of the page that has this id and is of this kind. @throws Error when the page and its script do not fit */
export const theOne = <T extends HTMLElement>(kind: new () => T, id: string): T => {
  const node = document.getElementById(id)
  if (!(node instanceof kind)) throw new Error(`the page has no #${id}`)
  return node
}
export const byId = (id: string): HTMLElement => theOne(HTMLElement, id)

/** Sets text without touching the document when nothing changed. */
export const setText = (node: Element, text: string): void => {
  if (node.textContent !== text) node.textContent = text
}

/** Replaces what is in a node, when `key` says that something else is to be shown. */
export const fill = (node: HTMLElement, key: string, make: () => readonly Child[]): void => {
  if (node.dataset['shown'] === key) return
  node.dataset['shown'] = key
  node.replaceChildren(...make().filter((child) => child instanceof Node || typeof child === 'string'))
}
