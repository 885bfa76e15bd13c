import type { AppendStream, CreateStream, StreamStore } from '../../src/core/streams.ts'

/** Short ways to say things in tests of raw streams. */
export const name = (path: string, scope = 'main') => ({ scope, path })
export const plain: CreateStream = { contentType: 'text/plain', closed: false, data: new Uint8Array(), count: 0 }
export const bytes = (text: string): AppendStream => {
  const data = Buffer.from(text)
  return { contentType: 'text/plain', data, count: data.length, close: false }
}

/** The code of the Failure that it ends with, or `ok`. */
export const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'ok',
    (error: { code?: string }) => error.code ?? error,
  )

/** What one read gives, as text. */
export const readText = async (streams: StreamStore, path: string, from = 0, max = 1e6): Promise<string> => {
  const { id } = await streams.find(name(path), false)
  const { rows } = await streams.read(id, from, max)
  return rows.map(({ start, to, data }) => Buffer.from(data).subarray(Math.max(0, from - start), to - start)).join('')
}
