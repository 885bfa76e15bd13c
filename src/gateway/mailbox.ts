/** Items handed from callbacks to one `for await` loop, in order. */
export interface Mailbox<T> {
  readonly put: (item: T) => void
  /** Ends the loop after what is there has been taken. */
  readonly close: () => void
  readonly items: AsyncIterable<T>
}

export const mailbox = <T>(): Mailbox<T> => {
  const waiting: T[] = []
  let closed = false
  let wake: (() => void) | undefined

  const items = async function* (): AsyncGenerator<T> {
    for (;;) {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) yield item
      if (closed) return
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    put: (item) => {
      waiting.push(item)
      wake?.()
    },
    close: () => {
      closed = true
      wake?.()
    },
    items: { [Symbol.asyncIterator]: items },
  }
}
