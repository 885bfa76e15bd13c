import { addRoute, createRouter, findRoute } from 'rou3'
import { Failure } from '../core/failures.ts'

export interface Found<T> {
  readonly value: T
  readonly params: Readonly<Record<string, string>>
}

/** A table of method and path; sockets are in it under the method `SOCKET`. */
export interface Router<T> {
  find(method: string, path: string): Found<T> | undefined
  /** The methods that a path takes. */
  methods(path: string): readonly string[]
}

export const createTable = <T>(
  rows: readonly { readonly method: string; readonly path: string; readonly value: T }[],
): Router<T> => {
  const router = createRouter<T>()
  for (const { method, path, value } of rows) addRoute(router, method, path, value)
  const methods = [...new Set(rows.map((row) => row.method))]
  return {
    find: (method, path) => {
      const found = findRoute(router, method, path)
      return found === undefined ? undefined : { value: found.data, params: decodeAll(found.params ?? {}) }
    },
    methods: (path) => methods.filter((method) => findRoute(router, method, path) !== undefined),
  }
}

/** @throws Failure `invalid_request` for escapes that are no UTF-8 */
const decodeAll = (params: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  try {
    return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]))
  } catch (error) {
    throw new Failure('invalid_request', 'The path is not valid', { cause: error })
  }
}
