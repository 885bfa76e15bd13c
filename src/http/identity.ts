import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Env } from '../core/ports.ts'
import { openIdentityStore, type KeyRow } from './identity-store.ts'
import { writeKeyFile } from './key-file.ts'
import { isRole, roles, type Role } from './roles.ts'
import type { Permission, Principal } from './route.ts'
import { hashToken, newToken, sameHash } from './secret-token.ts'
import { assertStrongSecret } from './secrets.ts'
import { createTickets, type Tickets } from './tickets.ts'

/** A key as it may be shown: never the key itself. Times are ms since 1970. */
export type KeyInfo = Omit<KeyRow, 'hash'>

/** Who may do what: keys, browser sessions and tickets. All of it synchronous: a look-up is some microseconds. */
export interface Identity {
  /** The key that this start made, and the file it was put into; undefined when there was one before. */
  readonly first: { readonly key: string; readonly file: string } | undefined
  readonly tickets: Tickets
  /** Makes a key, by default for the machine's owner. It is shown here and never again. */
  createKey(options: { readonly name: string; readonly role?: Role; readonly user?: string }): {
    readonly id: string
    readonly key: string
    readonly prefix: string
  }
  /** In the order they were made, revoked ones too. */
  listKeys(): readonly KeyInfo[]
  /** False when there is no such key or it was revoked before. Works at once, in every process. */
  revokeKey(id: string): boolean
  /** The principal of a key; null for anything else, whatever is wrong with it. */
  authenticate(key: string): Principal | null
  /** The principal of a key's id, while it is good. */
  principal(keyId: string): Principal | null
  /** Some key with every right: who the local CLI speaks for. */
  owner(): Principal | null
  /** Starts a browser's session for a key. */
  openBrowser(keyId: string): { readonly token: string; readonly expires: number }
  /** The principal of a browser's session; null when it is unknown, over, or its key was revoked. */
  browser(token: string): Principal | null
  closeBrowser(token: string): void
  close(): void
}

export interface IdentityOptions {
  /** The data folder. */
  readonly dir: string
  readonly env: Env
  /** A key from the configuration; it is the owner's and nothing is generated. Empty counts as none. */
  readonly key?: string
}

/** Who a key stands for unless it is said: the one person of a machine of one's own. */
const firstUser = 'owner'

const prefixLength = 'hf_'.length + 6
/** How long a browser stays signed in. */
const browserLife = 30 * 24 * 3600_000
/** `last_used` is for people: a write a minute is enough. */
const usedEvery = 60_000

/** @throws UnsafeSetup when `key` can be guessed */
export const openIdentity = ({ dir, env, key: configured = '' }: IdentityOptions): Identity => {
  if (configured !== '') assertStrongSecret('The configured key', configured)
  const store = openIdentityStore(dir)
  const configuredHash = configured === '' ? undefined : hashToken(configured)
  // Another configured key is another principal: browsers signed in by the old one are out.
  const configuredId = `configured-${Buffer.from(configuredHash ?? []).toString('hex', 0, 6)}`
  // One object for each key, however many connections it has.
  const told = new Map<string, Principal>()
  const tell = (key: string, user: string, name: string, role: Role): Principal => {
    const which = [key, user, name, role].join('\n')
    const principal = told.get(which) ?? {
      id: `user:${user}`,
      key,
      name,
      permissions: new Set<Permission>(roles[role]),
    }
    told.set(which, principal)
    return principal
  }
  const configuredOwner = tell(configuredId, firstUser, 'configured', 'owner')
  const fresh = (name: string, role: Role, user: string): { row: KeyRow; key: string } => {
    const key = newToken('hf')
    const row = {
      id: randomBytes(8).toString('hex'),
      user,
      name,
      prefix: key.slice(0, prefixLength),
      hash: hashToken(key),
      role,
    }
    return { row: { ...row, created: env.now(), last_used: null, revoked: null }, key }
  }
  const good = (row: KeyRow | undefined): Principal | null => {
    if (row === undefined || row.revoked !== null || !isRole(row.role)) return null
    if (env.now() - (row.last_used ?? 0) > usedEvery) store.used(row.id, env.now())
    return tell(row.id, row.user, row.name, row.role)
  }
  const principal = (id: string): Principal | null =>
    id === configuredId && configuredHash !== undefined ? configuredOwner : good(store.byId(id))

  const makeFirst = (): Identity['first'] => {
    if (configuredHash !== undefined) return undefined
    const { row, key } = fresh('first', 'owner', firstUser)
    const file = join(dir, 'key')
    // The file first: a key that is in the table but was never shown would lock its owner out.
    return store.addFirst(row, () => writeKeyFile(file, key)) ? { key, file } : undefined
  }
  return {
    first: makeFirst(),
    tickets: createTickets(env),
    createKey: ({ name, role = 'owner', user = firstUser }) => {
      const { row, key } = fresh(name, role, user)
      store.add(row)
      return { id: row.id, key, prefix: row.prefix }
    },
    listKeys: () => store.list().map(({ hash: _hash, ...info }) => info),
    revokeKey: (id) => store.revoke(id, env.now()),
    authenticate: (key) => {
      if (key === '') return null
      const hash = hashToken(key)
      if (configuredHash !== undefined && sameHash(hash, configuredHash)) return configuredOwner
      const row = store.byHash(hash)
      return row !== undefined && sameHash(row.hash, hash) ? good(row) : null
    },
    principal,
    owner: () => {
      if (configuredHash !== undefined) return configuredOwner
      const row = store.list().find((one) => one.role === 'owner' && one.revoked === null)
      return row === undefined ? null : tell(row.id, row.user, row.name, 'owner')
    },
    openBrowser: (keyId) => {
      const token = newToken('hfb')
      const expires = env.now() + browserLife
      store.addBrowser(hashToken(token), keyId, expires, env.now())
      return { token, expires }
    },
    browser: (token) => {
      const row = token === '' ? undefined : store.browser(hashToken(token))
      if (row === undefined || row.expires <= env.now()) return null
      const found = principal(row.key)
      return found === null ? null : { ...found, expires: row.expires }
    },
    closeBrowser: (token) => store.removeBrowser(hashToken(token)),
    close: () => store.close(),
  }
}
