import type { FailureCode } from '../../core/failures.ts'
import type { Durability } from './connection.ts'
import type { Plain } from './operations.ts'

/** What the threads of a journal say to each other. */
export interface WriterData {
  readonly file: string
  readonly durability: Durability | 'off'
  /** ms */
  readonly window: number
}
export interface Job {
  readonly id: number
  readonly name: string
  readonly args: readonly Plain[]
  /** Someone waits for it: it does not wait for company. */
  readonly urgent: boolean
  /** About how much it writes. */
  readonly bytes: number
}
export type ToWriter =
  | { readonly jobs: readonly Job[] }
  | { readonly backup: string; readonly id: number }
  | { readonly close: true }

export type Result =
  | { readonly id: number; readonly value: Plain }
  | { readonly id: number; readonly failed: readonly [code: FailureCode, message: string] }

export type FromWriter =
  | { readonly ready: { readonly epoch: number; readonly notices: readonly string[] } }
  | { readonly refused: readonly [name: string, reason: string, message: string] }
  | { readonly results: readonly Result[] }
  | { readonly fatal: readonly [code: number, message: string] }
  | { readonly closed: true }

export type ToReader =
  | { readonly open: string }
  | { readonly ask: { readonly id: number; readonly name: string; readonly args: readonly Plain[] } }
  | { readonly close: true }
export type FromReader = { readonly result: Result } | { readonly opened: true } | { readonly closed: true }
