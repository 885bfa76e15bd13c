/** Frames that are right, one of each kind and each command: what mutations start from. */
export const frames = (session: string): readonly object[] => [
  { t: 'hello', v: 1, client: 'fuzz', window: 65_536, coalesce_ms: 40 },
  { t: 'sub', id: 's', session, from: 'start' },
  { t: 'sub', id: 's2', session, cursor: '0000000000000000_0000000000000001' },
  { t: 'unsub', id: 's' },
  { t: 'cmd', id: 'c1', session, type: 'create', data: { title: 'x', agent: 'demo' } },
  { t: 'cmd', id: 'c2', session, type: 'prompt', data: { text: 'hello' } },
  { t: 'cmd', id: 'c3', session, type: 'cancel', data: {} },
  { t: 'cmd', id: 'c4', session, type: 'answer', data: { ask: 'a', option: 'o' } },
  { t: 'cmd', id: 'c5', session, type: 'update', data: { title: 'other', pinned: true } },
  { t: 'cmd', id: 'c6', session, type: 'close', data: {} },
  { t: 'got', sub: 's', cursor: '0000000000000000_0000000000000001' },
  { t: 'eph', session, key: 'typing', data: { on: true }, ttl: 1000 },
  { t: 'auth', token: 'hf_x' },
  { t: 'ping', n: 1 },
  { t: 'pong', n: 1 },
  { t: 'bye' },
]

/** Values that programs trip over. */
const traps: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  0.1,
  '',
  ' ',
  '\u0000',
  '\uD800',
  '\uFEFF',
  '../../etc/passwd',
  "'; drop table session; --",
  '__proto__',
  'constructor',
  '0000000000000000_9999999999999999',
  'x'.repeat(3000),
  [],
  [[]],
  {},
  { t: 'hello' },
  { toString: 1, valueOf: 1 },
  { length: 1e9 },
]

/** Changes of text that make it no JSON, or another one. */
const breaks: readonly ((text: string, random: () => number) => string)[] = [
  (text, random) => text.slice(0, Math.floor(random() * text.length)),
  (text) => text + text,
  (text) => `[${text}]`,
  (text) => text.replaceAll('"', "'"),
  (text) => text.replace('{', '{"__proto__":{"admin":true},'),
  (text) => text.replace('{', '{"t":"ping",'),
  (text, random) => {
    const at = Math.floor(random() * text.length)
    return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 300)) + text.slice(at + 1)
  },
  (_, random) => '['.repeat(1 + Math.floor(random() * 400)),
  (_, random) => `{"t":"sub","id":${'{"a":'.repeat(Math.floor(random() * 300))}1`,
  (text) => `\uFEFF${text}`,
  () => '',
  () => 'null',
  () => '1e999999',
  () => '{"t":"cmd","data":{"text":"\\ud800"}}',
]

const pick = <T>(list: readonly T[], random: () => number): T => list[Math.floor(random() * list.length)] as T

/** Something that is nearly a value like this one. */
export const mutate = (value: object, random: () => number): string => {
  const copy = JSON.parse(JSON.stringify(value)) as Record<string, unknown>
  for (let times = 1 + Math.floor(random() * 2); times > 0; times--) {
    const inner = random() < 0.3 && typeof copy['data'] === 'object' ? copy['data'] : copy
    const target = (inner ?? copy) as Record<string, unknown>
    const key = pick(Object.keys(target).concat('more'), random)
    const what = random()
    if (what < 0.2) delete target[key]
    else if (what < 0.8) target[key] = structuredClone(pick(traps, random))
    else target[`${key}${pick(['', ' ', 'x'], random)}`] = structuredClone(pick(traps, random))
  }
  const text = JSON.stringify(copy)
  return random() < 0.3 ? pick(breaks, random)(text, random) : text
}

/** A request that is nearly HTTP, with something that is nearly JSON in it. */
export const request = (port: number, path: string, auth: string, body: string, random: () => number): string => {
  const method = pick(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS', 'post', 'G\u00e9T'], random)
  const target = pick(
    [path, `${path}?offset=${pick(['-1', 'now', 'x', '%ff', ''], random)}`, `${path}/%2e%2e/%00`],
    random,
  )
  const headers = [
    `Host: ${pick([`127.0.0.1:${port}`, `127.0.0.1:${port}`, `127.0.0.1:${port}`, 'evil.example', ''], random)}`,
    ...(auth === '' ? [] : [`Authorization: Bearer ${auth}`]),
    `Content-Type: ${pick(['application/json', 'application/json', 'text/plain', 'application/json; charset=x'], random)}`,
    pick(
      [
        `Content-Length: ${Buffer.byteLength(body)}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Content-Length: -1',
        'Content-Length: 99999999',
        'Transfer-Encoding: chunked',
        'Transfer-Encoding: chunked\r\nContent-Length: 3',
      ],
      random,
    ),
    ...(random() < 0.2
      ? [`X-${'y'.repeat(Math.floor(random() * 40))}: ${'z'.repeat(Math.floor(random() * 9000))}`]
      : []),
    ...(random() < 0.1 ? ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: x'] : ['Connection: close']),
  ]
  return `${method} ${target} HTTP/1.${pick(['1', '1', '1', '0', '9'], random)}\r\n${headers.join('\r\n')}\r\n\r\n${body}`
}
