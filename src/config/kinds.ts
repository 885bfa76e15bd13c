import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'

/**
 * Kinds of values. Flags and the environment bring text, a file brings JSON: each kind takes both. `wants` ends the
 * sentence "it must be …".
 */
export interface Kind<T> {
  readonly type: z.ZodType<T>
  readonly wants: string
}

const number = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value

export const whole = (least: number, most: number): Kind<number> => ({
  type: z.preprocess(number, z.number().int().min(least).max(most)),
  wants: `a whole number from ${least} to ${most}`,
})

export const choice = <const T extends readonly [string, ...string[]]>(...names: T): Kind<T[number]> => ({
  type: z.enum(names),
  wants: `one of ${names.join(', ')}`,
})

export const text = (wants = 'text', shape: z.ZodType<string> = z.string()): Kind<string> => ({ type: shape, wants })

const split = (value: unknown): unknown =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== '')
    : value

/** In text, commas part the items. */
export const list = (wants: string, item: z.ZodType<string> = z.string().min(1)): Kind<readonly string[]> => ({
  type: z.preprocess(split, z.array(item)),
  wants,
})

/** A path; `~` at its start is the home folder. */
export const path = (wants: string): Kind<string> => ({ type: z.string().min(1), wants })

/** @param base what a relative path is relative to */
export const resolvePath = (value: string, base: string): string =>
  value === '~' || value.startsWith('~/') ? join(homedir(), value.slice(1)) : resolve(base, value)
