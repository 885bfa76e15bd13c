import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { Failure } from '../core/failures.ts'
import { parseJson } from '../core/json.ts'

/** Default limit of a body in bytes. */
export const defaultBodyLimit = 1024 * 1024

/** Whether the request says that a body follows. */
export const hasBody = (req: IncomingMessage): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0

/**
 * Refuses a body by what its headers say. Compressed ones are refused whole: a small one can unfold to gigabytes.
 * @throws Failure `payload_too_large`, `unsupported_media_type`
 */
export const checkBody = (req: IncomingMessage, limit: number): void => {
  const encoding = req.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw new Failure('unsupported_media_type', 'Compressed bodies are not taken here')
  if (Number(req.headers['content-length'] ?? 0) > limit) throw new Failure('payload_too_large')
}

/** Reads the whole body. @throws Failure `payload_too_large` as soon as it is over `limit`, `invalid_request` when it breaks off. */
export const readBody = (req: IncomingMessage, limit: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const data = (chunk: Buffer): void => {
      size += chunk.length
      if (size <= limit) {
        chunks.push(chunk)
        return
      }
      settle()
      chunks.length = 0
      reject(new Failure('payload_too_large'))
    }
    const end = (): void => {
      settle()
      resolve(Buffer.concat(chunks, size))
    }
    const broken = (): void => {
      settle()
      reject(new Failure('invalid_request', 'The body broke off'))
    }
    const settle = (): void => {
      req.off('data', data).off('end', end).off('close', broken).off('error', broken)
    }
    if (req.destroyed && !req.complete) broken()
    else req.on('data', data).on('end', end).on('close', broken).on('error', broken)
  })

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
const jsonType = /^application\/(?:[\w.-]{1,60}\+)?json *(?:;|$)/i

/**
 * A body as JSON of a shape.
 * @throws Failure `unsupported_media_type`, `invalid_json`, `invalid_request` with the name of the field in `param`
 */
export const jsonBody = <T>(contentType: string | undefined, body: Buffer, shape: z.ZodType<T>): T => {
  if (!jsonType.test(contentType ?? ''))
    throw new Failure('unsupported_media_type', 'The content type must be application/json')
  return checked(shape, parseJson(decode(body)))
}

const decode = (body: Buffer): string => {
  try {
    return utf8.decode(body)
  } catch (error) {
    throw new Failure('invalid_json', 'The body is not valid UTF-8', { cause: error })
  }
}

/** A value of a shape, or the Failure that says which field is wrong. @throws Failure `invalid_request` */
const checked = <T>(shape: z.ZodType<T>, value: unknown): T => {
  const result = shape.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const param = issue?.path.join('.') ?? ''
  throw new Failure('invalid_request', issue?.message, param === '' ? {} : { param })
}
