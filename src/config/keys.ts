import { z } from 'zod'
import { choice, list, path, text, whole, type Kind } from './kinds.ts'

/** One thing that can be set. Its flag is its name with dashes, its name in the file is its name. */
export interface Key<T = unknown> extends Kind<T> {
  /** Environment variables, the first that is set counts. */
  readonly env: readonly string[]
  /** As it would be written in the file. */
  readonly default: T
  readonly help: string
  /** Never shown. */
  readonly secret?: true
  /** Relative to the file that it stands in, else to the working folder; a default to the data folder. */
  readonly path?: true
}

const key = <T>(
  name: string | readonly string[],
  kind: Kind<T>,
  fallback: NoInfer<T>,
  help: string,
  more: { readonly secret?: true; readonly path?: true } = {},
): Key<T> => ({ ...kind, env: typeof name === 'string' ? [name] : name, default: fallback, help, ...more })

const httpUrl = z.string().regex(/^(https?:\/\/[^\s/?#@]+([/?][^\s#]*)?)?$/)
const origin = z.string().regex(/^https?:\/\/[^\s/?#@]+$/)
const authority = z.string().regex(/^[\w.[\]:-]+$/)

/** Everything that can be set, once: from here come the types, the checks, the flags, and what `holdfast config` prints. */
export const keys = {
  data: key(
    'HOLDFAST_DATA',
    path('the path of a folder'),
    '~/.holdfast',
    'Folder of the journal, the keys and holdfast.json.',
    { path: true },
  ),
  host: key(
    'HOLDFAST_HOST',
    text('an address or a host name of this machine', authority),
    '127.0.0.1',
    'Address to listen on. 0.0.0.0 lets other machines in; that takes a key made before, and allowed_hosts.',
  ),
  port: key(
    ['HOLDFAST_PORT', 'PORT'],
    whole(0, 65_535),
    8080,
    'Port to listen on. When none is set and 8080 is taken, the next free one is used. 0: any.',
  ),
  database: key(
    'HOLDFAST_DATABASE',
    path('the path of an SQLite file (PostgreSQL is not spoken yet)'),
    'holdfast.db',
    'The journal: an SQLite file. The default is in the data folder.',
    { path: true },
  ),
  key: key(
    'HOLDFAST_KEY',
    text('a key'),
    '',
    'A key of your own instead of a generated one, at least 32 random bytes. Clients on this machine use it too.',
    { secret: true },
  ),
  durability: key(
    'HOLDFAST_DURABILITY',
    choice('strict', 'relaxed'),
    'strict',
    'strict: on the disk before anybody is told. relaxed: a power cut may take the last moments, a crash of Holdfast nothing.',
  ),
  retention_hours: key(
    'HOLDFAST_RETENTION_HOURS',
    whole(0, 87_600),
    24,
    'Hours after which the single events of a quiet session are folded into its stored state. Messages stay. 0: never.',
  ),
  agent: key(
    'HOLDFAST_AGENT',
    choice('auto', 'demo', 'openai-compatible'),
    'auto',
    'Who answers in a new session. auto: the model server when one is configured, else the demo agent.',
  ),
  demo_pace_ms: key(
    'HOLDFAST_DEMO_PACE_MS',
    whole(0, 10_000),
    15,
    'Milliseconds a word of the demo agent. 0: at once.',
  ),
  openai_base_url: key(
    'OPENAI_BASE_URL',
    text('an http(s) address like http://127.0.0.1:1234/v1', httpUrl),
    '',
    'A model server that speaks like OpenAI: LM Studio (http://127.0.0.1:1234/v1), Ollama (http://127.0.0.1:11434/v1), vLLM …',
  ),
  openai_api_key: key(
    'OPENAI_API_KEY',
    text('a key'),
    '',
    'Key for openai_base_url. With a key and no address, OpenAI itself is asked.',
    { secret: true },
  ),
  models: key(
    'HOLDFAST_MODELS',
    list('names of models'),
    [],
    'Models of that server to offer, the first is the default. None: those that it lists.',
  ),
  anthropic_api_key: key(
    'ANTHROPIC_API_KEY',
    text('a key'),
    '',
    'Key for Anthropic. Nothing uses it yet: this version has no Anthropic agent.',
    { secret: true },
  ),
  allowed_hosts: key(
    'HOLDFAST_ALLOWED_HOSTS',
    list('host names, with or without a port, like chat.example.org', authority),
    [],
    'Names by which people reach this server, besides localhost and its bare address.',
  ),
  allowed_origins: key(
    'HOLDFAST_ALLOWED_ORIGINS',
    list('origins, like https://app.example.org', origin),
    [],
    'Pages of other sites that may connect.',
  ),
  scheme: key(
    'HOLDFAST_SCHEME',
    choice('http', 'https'),
    'http',
    'How allowed_hosts are reached: https behind a proxy that ends TLS.',
  ),
  log_level: key(
    'HOLDFAST_LOG_LEVEL',
    choice('auto', 'debug', 'info', 'warn', 'error', 'silent'),
    'auto',
    'Least level of the log lines (JSON, on standard error). auto: warn on a terminal, else info.',
  ),
  max_connections: key('HOLDFAST_MAX_CONNECTIONS', whole(1, 1_000_000), 20_000, 'Connections at once.'),
  connections_per_key: key(
    'HOLDFAST_CONNECTIONS_PER_KEY',
    whole(1, 1_000_000),
    20,
    'Live connections (WebSocket, SSE, long-poll) of one key at once.',
  ),
  max_queue: key('HOLDFAST_MAX_QUEUE', whole(0, 10_000), 20, 'Prompts that may wait in one session.'),
  frame_rate: key('HOLDFAST_FRAME_RATE', whole(1, 1_000_000), 30, 'Frames a second from one socket.'),
  frame_burst: key('HOLDFAST_FRAME_BURST', whole(1, 1_000_000), 60, 'Frames from one socket at once.'),
  drain_ms: key(
    'HOLDFAST_DRAIN_MS',
    whole(0, 600_000),
    30_000,
    'Milliseconds that running turns get to end when the server is stopped.',
  ),
} as const satisfies Record<string, Key<never> | Key>

export type KeyName = keyof typeof keys
/** Every key with a value that fits. Paths are absolute. */
export type Config = { readonly [K in KeyName]: z.infer<(typeof keys)[K]['type']> }

export const keyNames = Object.keys(keys) as readonly KeyName[]
export const keyOf = (name: KeyName): Key => keys[name]
export const flagOf = (name: KeyName): string => name.replaceAll('_', '-')
