/** As much of a browser as is listened to. */
interface Target {
  addEventListener?(type: string, listener: () => void): void
  removeEventListener?(type: string, listener: () => void): void
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
  const rows: readonly (readonly [Target, string, () => void])[] = [
    [document, 'visibilitychange', seen],
    [page, 'pageshow', seen],
    [page, 'online', () => events.online(true)],
    [page, 'offline', () => events.online(false)],
  ]
  for (const [target, type, listener] of rows) target.addEventListener?.(type, listener)
  return () => {
    for (const [target, type, listener] of rows) target.removeEventListener?.(type, listener)
  }
}
