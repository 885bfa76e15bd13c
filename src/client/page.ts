/** As much of a browser as is listened to. */
interface Target {
  addEventListener(type: string, listener: () => void, options: { readonly signal: AbortSignal }): void
}
export interface PageEvents {
  /** The page is seen again: prove that the link lives. */
  look(): void
  online(online: boolean): void
}

/** Tells when the page or its network come back; does nothing where there is no document. Returns how to stop. */
export const watchPage = (events: PageEvents): (() => void) => {
  const page = globalThis as unknown as Target & { readonly document?: Target & { readonly visibilityState: string } }
  const { document } = page
  const stop = new AbortController()
  const seen = (): void => {
    if (document?.visibilityState !== 'hidden') events.look()
  }
  if (document?.addEventListener !== undefined) {
    document.addEventListener('visibilitychange', seen, stop)
    page.addEventListener('pageshow', seen, stop)
    page.addEventListener('online', () => events.online(true), stop)
    page.addEventListener('offline', () => events.online(false), stop)
  }
  return () => stop.abort()
}
