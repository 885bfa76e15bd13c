import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { anthropic } from './anthropic.ts'
import { deliver } from './deliver.ts'
import { openai } from './openai.ts'
import { type Plan, planIn } from './plan.ts'
import type { Body, Wire } from './wire.ts'

/** What arrived, and what became of it. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body as JSON; {} when there was none. */
  readonly body: Body
  /** Content chunks that were sent. */
  readonly chunks: number
  /** `aborted` means that the client closed before the answer was whole. */
  readonly state: 'open' | 'finished' | 'aborted'
}

export interface FakeModel {
  readonly port: number
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** The base URL of the OpenAI wire: `<url>/v1`. */
  readonly baseUrl: string
  /** Every request in the order of arrival. */
  readonly requests: readonly Seen[]
  /** Plans for the next requests that have a body, one each; after them `otherwise` holds again. */
  script(...plans: readonly Plan[]): void
  /** The plan of requests that bring none and for which none is scripted. */
  otherwise(plan: Plan): void
  /** Resolves when the predicate holds. @throws after `ms` (default 5,000) */
  until(holds: (requests: readonly Seen[]) => boolean, ms?: number): Promise<void>
  close(): Promise<void>
}

export interface FakeModelOptions {
  /** Default 0: any free one. */
  readonly port?: number
  readonly models?: readonly string[]
  /** When set, another key is answered with 401. */
  readonly key?: string
}

const wires: Readonly<Record<string, Wire>> = { '/v1/chat/completions': openai, '/v1/messages': anthropic }

/**
 * A model server for tests: real HTTP on 127.0.0.1, the OpenAI chat completions and Anthropic Messages wires, streaming
 * and not, with faults on demand. Deterministic: without a plan it echoes.
 */
export const startFakeModel = async (options: FakeModelOptions = {}): Promise<FakeModel> => {
  const { port = 0, models = ['fake-large', 'fake-small'], key } = options
  const requests: { -readonly [K in keyof Seen]: Seen[K] }[] = []
  const plans: Plan[] = []
  let fallback: Plan = {}
  const watchers = new Set<() => void>()
  const changed = (): void => {
    for (const watcher of watchers) watcher()
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'http://fake').pathname
    const body = parse(await read(request))
    const seen: (typeof requests)[number] = {
      method: request.method ?? '',
      path,
      headers: request.headers,
      body,
      chunks: 0,
      state: 'open',
    }
    requests.push(seen)
    changed()
    response.on('close', () => {
      seen.state = response.writableFinished ? 'finished' : 'aborted'
      changed()
    })
    const wire = wires[path]
    if (!authorised(request, key))
      return send(response, 401, (wire ?? openai).error(401, 'Incorrect API key provided', 'invalid_api_key'))
    if (path === '/v1/models' || path === '/models') return send(response, 200, modelsBody(models))
    if (wire === undefined || request.method !== 'POST') return void response.writeHead(404).end('not found')
    const model = String(body['model'] ?? '')
    if (model.startsWith('no-such'))
      return send(response, 404, wire.error(404, `The model '${model}' does not exist`, 'model_not_found'))
    const header = request.headers['x-fake-plan']
    const plan = planIn(typeof header === 'string' ? header : undefined, wire.prompt(body)) ?? plans.shift() ?? fallback
    const onChunk = (): void => {
      seen.chunks++
      changed()
    }
    await deliver(response, wire, { answer: wire.answer(body, plan), plan, streams: wire.streams(body), onChunk })
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else send(response, 400, openai.error(400, String(error), undefined))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const at = (server.address() as AddressInfo).port
  const url = `http://127.0.0.1:${at}`
  return {
    port: at,
    url,
    baseUrl: `${url}/v1`,
    requests,
    script: (...more) => void plans.push(...more),
    otherwise: (plan) => {
      fallback = plan
    },
    until: (holds, ms = 5000) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          watchers.delete(check)
          reject(
            new Error(
              `not so after ${ms} ms: ${JSON.stringify(requests.map(({ path, state, chunks }) => ({ path, state, chunks })))}`,
            ),
          )
        }, ms)
        const check = (): void => {
          if (!holds(requests)) return
          clearTimeout(late)
          watchers.delete(check)
          resolve()
        }
        watchers.add(check)
        check()
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const modelsBody = (models: readonly string[]) => ({
  object: 'list',
  data: models.map((id) => ({
    id,
    object: 'model',
    type: 'model',
    display_name: id,
    created: 1_767_225_600,
    owned_by: 'fake',
  })),
  has_more: false,
})

const authorised = ({ headers }: IncomingMessage, key: string | undefined): boolean =>
  key === undefined || headers.authorization === `Bearer ${key}` || headers['x-api-key'] === key

const send = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

const read = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

const parse = (text: string): Body => (text === '' ? {} : (JSON.parse(text) as Body))
