import { indexedDbStore, type IndexedDbOptions } from './indexeddb.ts'
import { memoryStore, type Store } from './store.ts'

/** IndexedDB in a browser, memory elsewhere. */
export const defaultStore = (name: string, tab: string): Store => {
  const { indexedDB, navigator } = globalThis as {
    indexedDB?: IndexedDbOptions['indexedDB']
    navigator?: { locks?: IndexedDbOptions['locks'] }
  }
  return indexedDB === undefined ? memoryStore() : indexedDbStore({ indexedDB, locks: navigator?.locks, name, tab })
}
