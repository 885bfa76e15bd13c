import type { ClaimOptions } from '../core/ports.ts'
import type { Summary } from '../core/session.ts'

/** The list line of a session that was claimed without one. */
export const bareSummary = (id: string, { node, at, opening = [] }: ClaimOptions): Summary => ({
  id,
  by: opening[0]?.by ?? `node:${node}`,
  title: '',
  agent: '',
  model: '',
  project_id: '',
  status: 'idle',
  pinned: false,
  archived: false,
  created_at: at,
  turns: 0,
  total_tokens: 0,
})

/** A session with a turn that runs, waits or asks: what recovery looks for. */
export const isBusy = (summary: Summary): boolean =>
  summary.status === 'running' || summary.status === 'requires_action'
