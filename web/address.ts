/** What the address says is open: a session, or a new one. */
export type Place = { readonly session: string } | 'new' | undefined

const prefix = '#s/'

/** Undefined when the address says nothing: then the last session is meant. */
export const readPlace = (hash: string): Place => {
  if (hash === '#new') return 'new'
  return hash.startsWith(prefix) ? { session: decodeURIComponent(hash.slice(prefix.length)) } : undefined
}

export const hashOf = (session: string): string => (session === '' ? '#new' : `${prefix}${encodeURIComponent(session)}`)

/** Where the server sends a browser whose one-time link was used up. */
export const linkUsed = '#link-used'
