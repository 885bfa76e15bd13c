/** What the address says is open: a session, or a new one. */
export type Place = { readonly session: string } | 'new' | undefined

const prefix = '#s/'
/** No element's id: a browser would scroll there, and give it the focus. */
const newHash = '#new-session'

/** Undefined when the address says nothing: then the last session is meant. */
export const readPlace = (hash: string): Place => {
  if (hash === newHash) return 'new'
  return hash.startsWith(prefix) ? { session: decodeURIComponent(hash.slice(prefix.length)) } : undefined
}

export const hashOf = (session: string): string =>
  session === '' ? newHash : `${prefix}${encodeURIComponent(session)}`

/** Where the server sends a browser whose one-time link was used up. */
export const linkUsed = '#link-used'
