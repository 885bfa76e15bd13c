import type { Permission } from './route.ts'

/** What each role may do. */
export const roles = {
  owner: ['read', 'write', 'approve', 'admin'],
  editor: ['read', 'write', 'approve'],
  viewer: ['read'],
} as const satisfies Record<string, readonly Permission[]>

export type Role = keyof typeof roles
export const isRole = (name: string): name is Role => Object.hasOwn(roles, name)
