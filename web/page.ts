import type { Outbox, Slot } from '../src/client/outbox.ts'
import { seqOf } from '../src/client/reader.ts'
import type { Progress } from '../src/client/session.ts'
import type { Status } from '../src/client/status.ts'
import { sessionStatus, type SessionState } from '../src/core/session.ts'
import { showAbove } from './above.ts'
import { createAnnouncer } from './announcer.ts'
import type { createComposer } from './composer.ts'
import { byId, setText } from './dom.ts'
import { createAgentChoice } from './agents.ts'
import { followEnd } from './scroll.ts'
import { createSessionList, grouped } from './sessions.ts'
import { showPill } from './pill.ts'
import { pillOf } from './pill-words.ts'
import type { AgentLine, Line } from './rest.ts'
import type { Actions } from './row.ts'
import { createTail } from './tail.ts'
import { createThread, rowsOf } from './thread.ts'
import { listed } from './listed.ts'

/** Everything that is on the screen follows from this. */
export interface Model {
  /** The open session; empty: a new one. */
  readonly current: string
  readonly state: SessionState
  readonly progress: Progress | undefined
  readonly status: Status
  readonly outbox: Outbox
  readonly acked: (seen: (cause: string) => boolean) => readonly Slot[]
  readonly lines: readonly Line[] | undefined
  readonly agents: readonly AgentLine[]
  readonly signedOut: boolean
  readonly linkUsed: boolean
}

export interface PageOptions {
  readonly actions: Actions
  readonly composer: ReturnType<typeof createComposer>
  readonly prompt: (text: string) => void
  readonly choose: (session: string) => void
  readonly retry: () => void
  /** The open session's line in the list changed. */
  readonly changed: () => void
}

/** ms that a replay may take before it is worth a word */
const patience = 300

export const createPage = ({ actions, composer, prompt, choose, retry, changed }: PageOptions) => {
  const started = performance.now()
  const showRows = createThread(byId('rows'), actions)
  const showTail = createTail(byId('tail'), prompt)
  const showList = createSessionList(byId('list'), choose)
  const choice = createAgentChoice(byId('hint'), byId('who'))
  const end = followEnd(byId('scroller'), byId('jump'))
  const announcer = createAnnouncer(byId('announcer'))
  let replaying: number | undefined
  let line = ''

  const replay = ({ progress, status }: Model) => {
    if (progress?.phase !== 'replay' || status.state !== 'connected') replaying = undefined
    else replaying ??= performance.now()
    const { cursor, head } = progress ?? {}
    if (replaying === undefined || performance.now() - replaying < patience || cursor == null || head == null)
      return null
    return { done: seqOf(cursor), total: seqOf(head) }
  }

  const paint = (model: Model): void => {
    const { current, state, progress, status, outbox, agents, signedOut } = model
    const slots = outbox.filter((slot) => slot.session === current)
    const seen = new Set(state.items.map((item) => (item.kind === 'message' ? item.cause : undefined)))
    const acked = model.acked((cause) => seen.has(cause))
    const connected = status.state === 'connected'
    const rows = rowsOf({ state, slots, acked, connected })
    const { name, demo } = choice.show(state, current === '', agents)
    const waiting = outbox.filter(({ type, state: how }) => type === 'prompt' && how !== 'refused').length
    const pill = pillOf({
      status,
      signedOut,
      replay: replay(model),
      waiting,
      sinceStart: performance.now() - started,
      now: Date.now(),
    })

    showRows(rows)
    const failed = progress?.phase === 'failed' ? (progress.error?.message ?? 'This session cannot be shown') : ''
    const born = slots.every(({ type }) => type !== 'create')
    showTail({
      connected,
      state,
      rows: rows.length,
      name,
      demo,
      failed,
      loading: current !== '' && state.seq === 0 && born,
    })
    end.keep()
    showAbove(byId('above'), { state, name, signedOut, linkUsed: model.linkUsed })
    const stopping = state.running?.cancelling === true || slots.some(({ type }) => type === 'cancel')
    composer.show(state.running !== null, stopping, name === '' ? 'Message' : `Message to ${name}`)
    showPill(byId('pill'), pill, retry)
    showList(grouped(listed(model)))
    announcer.pill(pill)
    announcer.session(state, name)

    const title = state.title === '' ? 'New session' : state.title
    setText(byId('title'), title)
    const needs = sessionStatus(state) === 'requires_action' ? '(needs you) ' : ''
    if (document.title !== `${needs}${title} · Holdfast`) document.title = `${needs}${title} · Holdfast`
    const now = `${state.id} ${state.title} ${sessionStatus(state)}`
    if (now !== line) changed()
    line = now
  }

  return {
    paint,
    toEnd: end.toEnd,
    /** Another session is shown from now on. */
    opened: end.toEnd,
    /** The agent that was picked for a new session; empty: the gateway's first. */
    agent: choice.picked,
  }
}
