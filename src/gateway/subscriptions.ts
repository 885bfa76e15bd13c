import { checkCursor, formatCursor, parseCursor } from '../core/cursor.ts'
import { Failure, toFailure } from '../core/failures.ts'
import type { ClientFrame, ServerFrame } from '../core/frames.ts'
import type { Env } from '../core/ports.ts'
import { type Caller, visible } from './access.ts'
import type { Gateway } from './gateway.ts'
import { pump, type Pump } from './pump.ts'
import type { Numbered } from './run-frame.ts'

/** The most sessions that one connection follows. */
export const subscriptionLimit = 200
/** Events behind the head, and bytes, from which a reader is given the state instead. */
const snapshotAfter = { events: 5000, bytes: 2_097_152 } as const
/** Behind by so few events nobody is far: they are not weighed. */
const near = 32

export interface Flow {
  /** Bytes on the way without a `got`; 0 for no limit. */
  readonly window: number
  readonly coalesceMs: number
}
export interface SubscriptionsOptions {
  readonly gateway: Gateway
  readonly env: Env
  readonly room: () => boolean
  readonly send: (frame: ServerFrame) => void
  /** Sends events; answers with the size in bytes. */
  readonly sendRun: (run: Numbered) => number
  readonly refuse: (failure: Failure, sub: string) => void
  /** Follows what is only true for a moment. */
  readonly join: (session: string) => () => void
}

/** The sessions that one connection follows. */
export interface Subscriptions {
  readonly add: (frame: Extract<ClientFrame, { t: 'sub' }>, caller: Caller, flow: Flow) => Promise<void>
  readonly remove: (id: string) => void
  readonly has: (id: string) => boolean
  readonly got: (id: string, cursor: string) => void
  readonly poke: () => void
  /** Monotonic ms since which some reader takes nothing of what there is. */
  readonly stalledSince: () => number | undefined
  readonly clear: () => void
}

interface Subscription {
  readonly pump: Pump
  readonly leave: () => void
}

export const subscriptions = ({
  gateway,
  env,
  room,
  send,
  sendRun,
  refuse,
  join,
}: SubscriptionsOptions): Subscriptions => {
  const subs = new Map<string, Subscription>()
  let open = true
  let waiting: (() => void)[] = []
  const cursorOf = (seq: number): string => formatCursor({ epoch: gateway.journal.epoch, seq })

  const goOn = (): void => {
    const those = waiting
    waiting = []
    for (const wake of those) wake()
  }

  /** Resolves when the socket takes more, or is gone. */
  const roomy = async (): Promise<void> => {
    if (!open || room()) return
    await new Promise<void>((resolve) => waiting.push(resolve))
    await roomy()
  }

  const remove = (id: string): void => {
    subs.get(id)?.pump.stop()
    subs.get(id)?.leave()
    subs.delete(id)
  }

  const add: Subscriptions['add'] = async ({ id, session, ...wanted }, caller, flow) => {
    if (subs.has(id)) throw new Failure('invalid_request', 'id: this subscription is there already', { param: 'id' })
    if (subs.size >= subscriptionLimit)
      throw new Failure('rate_limited', `${subscriptionLimit} subscriptions are the most`)
    const { head, floor } = await visible(gateway, session, caller)
    const from = startOf(wanted, { epoch: gateway.journal.epoch, head, floor })
    const far = from === undefined || (await isFar(gateway, session, from, head))
    // A state may be large, and goes at once: it is made when it can be taken.
    if (far) await roomy()
    if (!open) return
    const state = far ? await gateway.state(session) : undefined
    const after = state?.seq ?? from ?? 0
    if (!open) return
    const mode = state !== undefined ? 'snapshot' : after === head ? 'live' : 'replay'
    const last = cursorOf(Math.max(head, after))
    send({
      t: 'sub.ok',
      id,
      mode,
      cursor: cursorOf(after),
      head: last,
      ...(state !== undefined && { state }),
    })
    const sub: Subscription = {
      leave: join(session),
      pump: pump({
        source: gateway.journal,
        session,
        after,
        head,
        ...flow,
        env,
        room,
        send: (prev, batches, last) => sendRun({ sub: id, epoch: gateway.journal.epoch, prev, last, batches }),
        live: (cursor) => send({ t: 'live', sub: id, cursor: cursorOf(cursor) }),
        fail: (failure) => {
          remove(id)
          refuse(toFailure(failure), id)
        },
      }),
    }
    subs.set(id, sub)
  }

  return {
    add,
    remove,
    has: (id) => subs.has(id),
    got: (id, cursor) => subs.get(id)?.pump.got(parseCursor(cursor).seq),
    poke: () => {
      goOn()
      for (const sub of subs.values()) sub.pump.poke()
    },
    stalledSince: () =>
      [...subs.values()].reduce<number | undefined>((least, { pump: { stalledSince } }) => {
        const since = stalledSince()
        return since === undefined || (least !== undefined && least < since) ? least : since
      }, undefined),
    clear: () => {
      open = false
      goOn()
      for (const id of subs.keys()) remove(id)
    },
  }
}

/**
 * The seq a reader starts after, or undefined when it must be given the state: too far behind, or trimmed.
 * @throws Failure `cursor_invalid`; `cursor_diverged` when the cursor is ahead of a restored log
 */
const startOf = (
  {
    cursor,
    from = 'start',
  }: { readonly cursor?: string | undefined; readonly from?: 'start' | 'now' | 'snapshot' | undefined },
  log: { readonly epoch: number; readonly head: number; readonly floor: number },
): number | undefined => {
  if (cursor === undefined && from === 'now') return log.head
  if (cursor === undefined && from === 'snapshot') return undefined
  const after = cursor === undefined ? 0 : checkCursor(parseCursor(cursor), log)
  return after < log.floor || log.head - after > snapshotAfter.events ? undefined : after
}

/** Whether what follows `from` is too much to be sent. What is read for it is what the pump reads next, from the same cache. */
const isFar = async (gateway: Gateway, session: string, from: number, head: number): Promise<boolean> => {
  if (head - from <= near) return false
  const { batches } = await gateway.journal.read(session, from, snapshotAfter.bytes)
  return (batches.at(-1)?.last ?? head) < head
}
