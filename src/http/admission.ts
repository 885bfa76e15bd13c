import type { Socket } from 'node:net'
import { createQuota, type EdgeLimits } from './limits.ts'

/** Counts the connections that have not shown who they are, so that they cannot crowd out those that have. */
export interface Admission {
  /** False when there is no room: the caller answers 503 and closes. */
  enter(socket: Socket): boolean
  /** This connection has shown a credential and is not counted any more. */
  admit(socket: Socket): void
}

/** The part of an address that one attacker holds: an IPv6 host has a whole /64 to itself. */
export const addressGroup = (address: string): string => {
  if (address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')) return 'loopback'
  if (!address.includes(':') || address.startsWith('::ffff:')) return address.replace('::ffff:', '')
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::', 2) ?? []
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const middle = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return `${[...left, ...middle, ...right].slice(0, 4).join(':')}::/64`
}

export const createAdmission = (limits: EdgeLimits): Admission => {
  const waiting = createQuota((group) =>
    group === 'loopback' ? limits.unauthenticatedPerLoopback : limits.unauthenticatedPerAddress,
  )
  const releases = new WeakMap<Socket, () => void>()
  return {
    enter: (socket) => {
      if (waiting.total() >= limits.unauthenticated) return false
      const release = waiting.take(addressGroup(socket.remoteAddress ?? ''))
      if (release === undefined) return false
      releases.set(socket, release)
      socket.once('close', release)
      return true
    },
    admit: (socket) => {
      const release = releases.get(socket)
      if (release === undefined) return
      releases.delete(socket)
      socket.off('close', release)
      release()
    },
  }
}
