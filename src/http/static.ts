import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Failure } from '../core/failures.ts'
import { pagePolicy } from './headers.ts'
import type { Identity } from './identity.ts'
import type { Call, Route } from './route.ts'
import { signIn } from './routes-account.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}

/** The files of a build, by their path in a URL. They are listed once: what is not in the list cannot be asked for. */
const listFiles = async (dir: string): Promise<ReadonlyMap<string, string>> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(files.map((file) => [`/${relative(dir, file).split(sep).join('/')}`, file]))
}

/**
 * The app: `/assets/*` have a hash in their names and never change, everything else is asked for again each time.
 * `GET /?ticket=…` signs a browser in.
 */
export const serveStatic = async (dir: string, identity: Identity): Promise<readonly Route[]> => {
  const files = await listFiles(dir)
  const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, access: 'public', handle })
  const file = (call: Call): Promise<void> => sendFile(call, files.get(call.url.pathname))
  return [
    get('/', (call) => (signIn(call, identity) ? undefined : sendFile(call, files.get('/index.html')))),
    get('/assets/**', file),
    ...[...files.keys()].filter((path) => path.lastIndexOf('/') === 0).map((path) => get(path, file)),
  ]
}

/** @throws Failure `not_found` */
const sendFile = async ({ req, res, url }: Call, file: string | undefined): Promise<void> => {
  const found = file === undefined ? undefined : await stat(file).catch(() => undefined)
  if (file === undefined || found === undefined) throw new Failure('not_found')
  const type = types[extname(file)] ?? 'application/octet-stream'
  const etag = `"${found.size.toString(36)}-${Math.floor(found.mtimeMs).toString(36)}"`
  const headers = {
    'cache-control': url.pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag,
    ...(type.startsWith('text/html') && { 'content-security-policy': pagePolicy }),
  }
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers).end()
    return
  }
  res.writeHead(200, { ...headers, 'content-type': type, 'content-length': found.size })
  if (req.method === 'HEAD') res.end()
  else await pipeline(createReadStream(file), res)
}
