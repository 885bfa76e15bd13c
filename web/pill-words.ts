import type { Status } from '../src/client/status.ts'
import type { IconName } from './icon-name.ts'
import { plural } from './words.ts'

export type PillKind =
  | 'none'
  | 'connecting'
  | 'connected'
  | 'slow'
  | 'catching-up'
  | 'checking'
  | 'reconnecting'
  | 'restarting'
  | 'fallback'
  | 'offline'
  | 'disconnected'
  | 'error'

export interface Pill {
  readonly kind: PillKind
  readonly tone: 'ok' | 'warn' | 'bad' | 'off'
  readonly icon: IconName
  readonly words: string
  /** What a screen reader hears when the kind changes: the words without numbers that move. */
  readonly spoken: string
  readonly action?: 'retry-now' | 'retry'
}

export interface PillInput {
  readonly status: Status
  /** The browser has no credential, or one that is not taken. */
  readonly signedOut: boolean
  /** Events of the open session that are there and those that there are, while a replay takes long. */
  readonly replay: { readonly done: number; readonly total: number } | null
  /** Messages that the server does not have yet. */
  readonly waiting: number
  /** ms since this began to connect. */
  readonly sinceStart: number
  /** Wall-clock ms. */
  readonly now: number
}

/** ms before a first connection is worth a word. */
const patience = 400
/** ms of round trip that a person feels. */
const slow = 500

/** The connection in words. Colour and icon say the same again, never something of their own. */
export const pillOf = ({ status, signedOut, replay, waiting, sinceStart, now }: PillInput): Pill => {
  const { state, attempts, latencyMs, nextRetryAt, silentSince, transport } = status
  const queue = waiting === 0 ? '' : `, ${plural(waiting, 'message waits', 'messages wait')} here`
  if (signedOut) return off('Not signed in')
  if (state === 'error') return off(errorWords(status))
  if (status.offline) return bad('offline', `You are offline${queue}`, 'You are offline')
  if (state === 'disconnected') {
    const tries = attempts === 0 ? '' : ` after ${plural(attempts, 'try', 'tries')}`
    return { ...bad('disconnected', `Disconnected${tries}`, 'Disconnected'), action: 'retry' }
  }
  if (state === 'connecting')
    return sinceStart < patience ? busy('none', '', '') : busy('connecting', 'Connecting', 'Connecting')
  if (state === 'reconnecting') {
    if (status.restarting) return busy('restarting', 'Server is restarting', 'Server is restarting')
    const left = nextRetryAt === null ? 0 : Math.ceil((nextRetryAt - now) / 1000)
    const words = `Reconnecting, try ${attempts}${left > 0 ? `, next in ${left} s` : ''}`
    return { ...busy('reconnecting', words, 'Reconnecting'), ...(left > 0 && { action: 'retry-now' as const }) }
  }
  if (silentSince !== null) {
    const silent = Math.max(1, Math.round((now - silentSince) / 1000))
    return busy('checking', `No answer for ${silent} s, checking`, 'No answer, checking the connection')
  }
  if (replay !== null) {
    const [done, total] = [replay.done, replay.total].map((count) => count.toLocaleString('en'))
    return busy('catching-up', `Catching up, ${done} of ${total} events`, 'Catching up')
  }
  const latency = latencyMs === null ? '' : `, ${latencyMs.toLocaleString('en')} ms`
  if (transport !== 'websocket') return ok('fallback', `Connected over HTTP${latency}`, 'Connected over HTTP')
  if (latencyMs !== null && latencyMs > slow)
    return { ...ok('slow', `Slow connection${latency}`, 'Slow connection'), tone: 'warn' }
  return ok('connected', `Connected${latency}`, 'Connected')
}

const pill =
  (tone: Pill['tone'], icon: IconName) =>
  (kind: PillKind, words: string, spoken: string): Pill => ({ kind, tone, icon, words, spoken })
const ok = pill('ok', 'bolt')
const busy = pill('warn', 'spinner')
const bad = pill('bad', 'bolt')
const off = (words: string): Pill => pill('off', 'bolt-outline')('error', words, words)

const errorWords = ({ error }: Status): string => {
  switch (error?.code) {
    case 'unauthorized':
    case 'authentication_timeout':
      return 'Key refused'
    case 'forbidden':
      return 'This key may not read here'
    case 'origin_refused':
      return 'This address is not allowed'
    case 'unsupported_version':
      return 'A newer version is running: reload'
    default:
      return error?.message ?? 'The server refused the connection'
  }
}
