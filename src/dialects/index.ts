import type { Dialect } from '../core/dialect.ts'
import { native } from './native.ts'

/** Every wire that is spoken over WebSocket. */
export const dialects: readonly Dialect[] = [native]
