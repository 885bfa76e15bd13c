/** Something that is true for a moment: who is here, who types. It never enters a log. */
export interface Ephemeral {
  readonly session: string
  readonly key: string
  readonly by: string
  readonly data: unknown
  /** ms for which it holds unless said again */
  readonly ttl: number
}

/** Hands ephemeral frames to the other connections that follow the same session. Keeps nothing. */
export interface Presence {
  readonly join: (session: string, connection: string, hear: (said: Ephemeral) => void) => () => void
  readonly say: (connection: string, said: Ephemeral) => void
}

export const createPresence = (): Presence => {
  const rooms = new Map<string, Set<{ readonly connection: string; readonly hear: (said: Ephemeral) => void }>>()
  return {
    join: (session, connection, hear) => {
      const room = rooms.get(session) ?? new Set()
      rooms.set(session, room)
      const member = { connection, hear }
      room.add(member)
      return () => {
        room.delete(member)
        if (room.size === 0 && rooms.get(session) === room) rooms.delete(session)
      }
    },
    say: (connection, said) => {
      for (const member of rooms.get(said.session) ?? []) if (member.connection !== connection) member.hear(said)
    },
  }
}
