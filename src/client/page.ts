/** As much of a browser as is listened to. */
interface Target {
  addEventListener?(type: string, listener: () => void, options: { readonly signal: AbortSignal }): void
}
export interface PageEvents {
  /** The page is seen again: prove that the link lives. */
  look(): void
  online(online: boolean): void
}

/** Tells when the page or its network come back; does nothing where there is no document. Returns how to stop. */
export const watchPage = (events: PageEvents): (() => void) => {
  const { document } = globalThis as { document?: Target & { readonly visibilityState?: string } }
  const page = globalThis as unknown as Target
  if (document?.addEventListener === undefined || page.addEventListener === undefined) return () => {}
  const seen = (): void => {
    if (document.visibilityState !== 'hidden') events.look()
  }
  const stop = new AbortController()
  const on = (target: Target, type: string, listener: () => void): void =>
    target.addEventListener?.(type, listener, stop)
  on(document, 'visibilitychange', seen)
  on(page, 'pageshow', seen)
  on(page, 'online', () => events.online(true))
  on(page, 'offline', () => events.online(false))
  return () => stop.abort()
}
