/**
 * What was typed and is not yet known to the server, a session each. It is written at each keystroke and forgotten only
 * when the server has it: `id` is the command that carries it.
 */
export interface Draft {
  readonly text: string
  readonly id?: string
}

const key = (session: string): string => `holdfast.draft.${session}`

/** The browser may keep nothing for us; then a draft lives as long as the page. */
const memory = new Map<string, string>()
const store = {
  get: (name: string): string | null => {
    try {
      return localStorage.getItem(name)
    } catch {
      return memory.get(name) ?? null
    }
  },
  set: (name: string, value: string | null): void => {
    try {
      if (value === null) localStorage.removeItem(name)
      else localStorage.setItem(name, value)
    } catch {
      if (value === null) memory.delete(name)
      else memory.set(name, value)
    }
  },
}

export const readDraft = (session: string): Draft => {
  try {
    const draft = JSON.parse(store.get(key(session)) ?? '') as Draft
    return typeof draft?.text === 'string' ? draft : { text: '' }
  } catch {
    return { text: '' }
  }
}

export const writeDraft = (session: string, draft: Draft): void =>
  store.set(key(session), draft.text === '' ? null : JSON.stringify(draft))

/** The server has this command: its text is not a draft any more. What was typed since is. */
export const forgetDraft = (session: string, id: string): void => {
  if (readDraft(session).id === id) store.set(key(session), null)
}

const lastKey = 'holdfast.last'
/** The session that was open last; empty: none. */
export const readLast = (): string => store.get(lastKey) ?? ''
export const writeLast = (session: string): void => store.set(lastKey, session)
