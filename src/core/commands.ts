import { z } from 'zod'
import { Failure } from './failures.ts'

/** Lone surrogates are replaced before anything is stored, so that what is shown, stored and sent is the same (S25). */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .overwrite((value) => value.toWellFormed())

/** Lone surrogates are refused: a store keeps UTF-8, in which they are all the same, so one id would be taken for another. */
export const id = z
  .string()
  .min(1)
  .max(200)
  .refine((value) => value.isWellFormed(), 'it has half a character')

/** What a client can ask of a session, written once: type → shape of `data`. */
const settings = {
  title: text(500).optional(),
  agent: id.optional(),
  model: id.optional(),
  system_prompt: text(100_000).optional(),
  project_id: id.optional(),
}
/** What names a command, and the session it is for. */
export const named = z.object({ id, session: id })

export const commands = {
  /** Makes the session the command names. The id is the client's: 128 random bits. */
  create: z.object(settings),
  /** Starts a turn, waits in the queue, or (`steer`) goes to the turn that runs where its agent can take it. */
  prompt: z.object({ text: text(1_000_000).min(1), mode: z.enum(['queue', 'steer']).optional() }),
  /** Stops the running turn, or takes a queued one out. Without `turn`: the running one. */
  cancel: z.object({ turn: id.optional() }),
  answer: z.object({ ask: id, option: id.optional(), text: text(100_000).optional() }),
  update: z.object({ ...settings, pinned: z.boolean().optional(), archived: z.boolean().optional() }),
  close: z.object({}),
} as const

export type CommandType = keyof typeof commands
export type CommandData<T extends CommandType> = z.infer<(typeof commands)[T]>
/** A command whose data fits its type. */
export type Checked = { [K in CommandType]: { readonly type: K; readonly data: CommandData<K> } }[CommandType]

/** The permission a command needs. */
export const needs = {
  create: 'write',
  prompt: 'write',
  cancel: 'write',
  answer: 'approve',
  update: 'write',
  close: 'write',
} as const satisfies Record<CommandType, 'write' | 'approve'>

/** The issue of a zod error that a person should read: where, and what is wrong. */
export const explain = (error: z.ZodError): { message: string; param: string } => {
  const issue = error.issues[0]
  const param = issue?.path.join('.') ?? ''
  return { param, message: param === '' ? (issue?.message ?? 'not valid') : `${param}: ${issue?.message}` }
}

/** @throws Failure `invalid_request` that names the field */
export const checkShape = <T>(shape: z.ZodType<T>, value: unknown): T => {
  const result = shape.safeParse(value)
  if (result.success) return result.data
  const { message, param } = explain(result.error)
  throw new Failure('invalid_request', message, param === '' ? {} : { param })
}

/** @throws Failure `invalid_request` when the type is unknown or the data does not fit it */
export const checkCommand = (type: string, data: unknown): Checked => {
  if (!Object.hasOwn(commands, type))
    throw new Failure(
      'invalid_request',
      `type: "${type.slice(0, 40)}" is not a command; there are ${Object.keys(commands).join(', ')}`,
      { param: 'type' },
    )
  return { type, data: checkShape<unknown>(commands[type as CommandType], data ?? {}) } as Checked
}
