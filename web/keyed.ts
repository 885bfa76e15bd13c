/** A piece of the page that shows one value. */
export interface View<T> {
  readonly node: HTMLElement
  readonly update: (value: T) => void
}

export interface KeyedOptions<T> {
  readonly key: (value: T) => string
  readonly create: (value: T) => View<T>
  /** Whether two values look the same, so that nothing is to be done. */
  readonly same: (a: T, b: T) => boolean
}

/**
 * Shows a list: one view a key, made once, moved and removed as the list says. What did not change is not touched, so the
 * cost of a frame is that of what is new in it.
 */
export const keyed = <T>(
  parent: HTMLElement,
  { key, create, same }: KeyedOptions<T>,
): ((list: readonly T[]) => void) => {
  const views = new Map<string, View<T> & { value: T }>()
  return (list) => {
    const gone = new Set(views.keys())
    let place: ChildNode | null = parent.firstChild
    for (const value of list) {
      const name = key(value)
      gone.delete(name)
      const known = views.get(name)
      const view = known ?? { ...create(value), value }
      if (known === undefined) {
        views.set(name, view)
        view.update(value)
      } else if (!same(known.value, value)) {
        known.value = value
        known.update(value)
      }
      if (place === view.node) place = place.nextSibling
      else parent.insertBefore(view.node, place)
    }
    for (const name of gone) {
      views.get(name)?.node.remove()
      views.delete(name)
    }
  }
}
