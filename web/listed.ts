import { sessionStatus } from '../src/core/session.ts'
import type { Model } from './page.ts'
import { promptText } from './items/pending.ts'
import type { Listed } from './sessions.ts'

/** The lines of the list: those that wait here to be made, then the server's, the open one as fresh as it is here. */
export const listed = ({
  current,
  state,
  outbox,
  lines = [],
}: Pick<Model, 'current' | 'state' | 'outbox' | 'lines'>): readonly Omit<Listed, 'group'>[] => {
  const known = new Set(lines.map(({ id }) => id))
  const unborn = outbox.filter(
    ({ type, session, state: how }) => type === 'create' && how !== 'refused' && !known.has(session),
  )
  const fresh = state.seq > 0 ? { title: state.title, status: sessionStatus(state), turns: state.turns } : {}
  const rows = [
    ...unborn.map(({ session }) => {
      const first = outbox.find((slot) => slot.type === 'prompt' && slot.session === session)
      const title = first === undefined ? '' : (promptText(first).split('\n', 1)[0]?.slice(0, 60) ?? '')
      return { id: session, title, status: 'idle' as const, turns: 0, waits: true }
    }),
    ...lines.map(({ id, title, status, turns }) => ({ id, title, status, turns, waits: false })),
  ]
  const missing = current !== '' && state.seq > 0 && rows.every(({ id }) => id !== current)
  const all = missing ? [{ id: current, title: '', status: 'idle' as const, turns: 0, waits: false }, ...rows] : rows
  return all.map((row) => (row.id === current ? { ...row, ...fresh, current: true } : { ...row, current: false }))
}
