import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientFrames } from '../src/core/frames.ts'
import { type Native, openNative } from './tools/native.ts'
import { start, type Started } from './tools/start.ts'

let server: Started
beforeAll(async () => {
  server = await start({ rate: { rate: 10_000, burst: 10_000 }, limits: { connectionsPerKey: 1000 } })
  const say = { by: 'user:owner', type: 'create', data: {} }
  await server.gateway.say({ ...say, id: 'make-s', session: 's' })
  await server.gateway.say({ ...say, id: 'make-other', session: 'other', by: 'user:somebody-else' })
})
afterAll(() => server.stop())

const cursor = (seq: number, epoch = 1): string => `${String(epoch).padStart(16, '0')}_${String(seq).padStart(16, '0')}`
const hello = { t: 'hello', v: 1 }
const sub = { t: 'sub', id: '1', session: 's' }
const cmd = { t: 'cmd', id: 'c1', session: 's', type: 'prompt', data: { text: 'hello' } }

interface Case {
  readonly name: string
  /** Sent in this order, after `hello` unless `raw`. */
  readonly send: readonly (object | string)[]
  readonly raw?: boolean
  /** The error, exactly as far as it is named here. */
  readonly error: object
  /** The close code; without it the socket must stay open and work. */
  readonly close?: number
}

const closing = (code: string, param?: string): object => ({
  t: 'bye',
  code,
  retry: false,
  ...(param !== undefined && { param }),
})
const bad = (name: string, send: readonly (object | string)[], param?: string): Case => ({
  name,
  send,
  error: closing('bad_frame', param),
  close: 4400,
})
const open = (name: string, send: readonly (object | string)[], error: object): Case => ({
  name,
  send,
  error: { t: 'err', ...error },
})

const cases: Readonly<Record<string, readonly Case[]>> = {
  'no frame at all': [
    bad('[C6] not JSON', ['{"t":'], undefined),
    bad('[C6] a number', ['1']),
    bad('[C6] null', ['null']),
    bad('[C6] an array', ['[]']),
    bad('[C6] no t', [{}], 't'),
    bad('[C6] an unknown t', [{ t: 'dance' }], 't'),
    bad('[C6] t from the prototype', [{ t: 'constructor' }], 't'),
    bad('[S23] nested too deep', [`{"t":"ping","n":${'['.repeat(30_000)}`]),
  ],
  hello: [
    { ...bad('[C2] something else first', [{ t: 'ping', n: 1 }]), raw: true },
    { ...bad('[C6] no version', [{ t: 'hello' }], 'v'), raw: true },
    {
      name: '[C4] another version',
      raw: true,
      send: [{ t: 'hello', v: 2 }],
      error: closing('unsupported_version'),
      close: 4406,
    },
    {
      name: '[C8] over 1 KiB before welcome',
      raw: true,
      send: [{ ...hello, client: 'x'.repeat(1100) }],
      error: closing('frame_too_large'),
      close: 4413,
    },
    bad('[C5] twice', [hello]),
  ],
  sub: [
    bad('[C6] no session', [{ t: 'sub', id: '1' }], 'session'),
    bad('[C6] an id over 200 characters', [{ ...sub, id: 'x'.repeat(201) }], 'id'),
    bad('[C6] a place that is none', [{ ...sub, from: 'middle' }], 'from'),
    open('[S8] no cursor', [{ ...sub, cursor: 'x'.repeat(33) }], { sub: '1', code: 'cursor_invalid' }),
    open('[S7] ahead of the log', [{ ...sub, cursor: cursor(99) }], { sub: '1', code: 'cursor_diverged' }),
    open('[S7] of another epoch', [{ ...sub, cursor: cursor(1, 7) }], { sub: '1', code: 'cursor_diverged' }),
    open('[S9] an unknown session', [{ ...sub, session: 'none' }], {
      sub: '1',
      code: 'not_found',
      message: 'Session not found',
    }),
    open("[S9] [S12] another's session", [{ ...sub, session: 'other' }], {
      sub: '1',
      code: 'not_found',
      message: 'Session not found',
    }),
    open('[S10] a name in use', [sub, sub], { sub: '1', code: 'invalid_request', param: 'id' }),
  ],
  unsub: [bad('[C6] no id', [{ t: 'unsub' }], 'id')],
  cmd: [
    bad('[C6] no id', [{ ...cmd, id: undefined }], 'id'),
    open('an unknown type', [{ ...cmd, type: 'dance' }], { id: 'c1', code: 'invalid_request', param: 'type' }),
    open('a type from the prototype', [{ ...cmd, type: 'constructor' }], {
      id: 'c1',
      code: 'invalid_request',
      param: 'type',
    }),
    open('no text', [{ ...cmd, data: {} }], { id: 'c1', code: 'invalid_request', param: 'text' }),
    open('an empty text', [{ ...cmd, data: { text: '' } }], { id: 'c1', code: 'invalid_request', param: 'text' }),
    open('a text that is a number', [{ ...cmd, data: { text: 5 } }], {
      id: 'c1',
      code: 'invalid_request',
      param: 'text',
    }),
    open('no data', [{ ...cmd, data: null }], { id: 'c1', code: 'invalid_request' }),
    open('an unknown session', [{ ...cmd, session: 'none' }], { id: 'c1', code: 'not_found' }),
    open("[S12] another's session", [{ ...cmd, session: 'other' }], { id: 'c1', code: 'not_found' }),
    open('[W5] an expectation that is no cursor', [{ ...cmd, expect: 'y'.repeat(33) }], {
      id: 'c1',
      code: 'cursor_invalid',
    }),
    open('cancel with nothing to cancel', [{ ...cmd, type: 'cancel', data: {} }], { id: 'c1', code: 'conflict' }),
    open('an answer to no question', [{ ...cmd, type: 'answer', data: { ask: 'none', option: 'x' } }], {
      id: 'c1',
      code: 'not_found',
    }),
    open('an agent that is not there', [{ ...cmd, session: 'fresh', type: 'create', data: { agent: 'hal' } }], {
      id: 'c1',
      code: 'agent_unavailable',
      param: 'agent',
    }),
    open('a session that is there', [{ ...cmd, type: 'create', data: {} }], { id: 'c1', code: 'conflict' }),
  ],
  got: [
    bad('[C6] no cursor', [{ t: 'got', sub: '1' }], 'cursor'),
    open('[F3] a cursor that was never sent', [sub, { t: 'got', sub: '1', cursor: cursor(999) }], {
      sub: '1',
      code: 'bad_frame',
    }),
  ],
  eph: [
    bad('[C6] no key', [{ t: 'eph', session: 's', data: 1 }], 'key'),
    bad('[C6] it would hold for a day', [{ t: 'eph', session: 's', key: 'k', data: 1, ttl: 86_400_000 }], 'ttl'),
    open("[S12] another's session", [{ t: 'eph', session: 'other', key: 'k', data: 1 }], { code: 'not_found' }),
  ],
  auth: [
    bad('[C6] no token', [{ t: 'auth' }], 'token'),
    { name: '[A4] a wrong key', send: [{ t: 'auth', token: 'nope' }], error: closing('unauthorized'), close: 4401 },
  ],
  ping: [
    bad('[C6] no number', [{ t: 'ping', n: 'x' }], 'n'),
    bad('[S24] a number beyond the safe ones', ['{"t":"ping","n":9007199254740993}'], 'n'),
  ],
  pong: [bad('[C6] a negative number', [{ t: 'pong', n: -1 }], 'n')],
  bye: [],
}

const alive = async (native: Native): Promise<void> => {
  native.send({ t: 'ping', n: 4711 })
  await native.next('pong', ({ n }) => n === 4711)
}

describe('bad frames', () => {
  it('the table has every frame there is', () => {
    expect(Object.keys(cases).slice(1).sort()).toEqual(Object.keys(clientFrames).sort())
  })

  for (const [kind, rows] of Object.entries(cases))
    for (const { name, send, raw = false, error, close } of rows)
      it(`${kind}: ${name}`, async () => {
        const bystander = await openNative(server.url, { key: server.key })
        const native = raw
          ? await openNative(server.url, { headers: { authorization: `Bearer ${server.key}` } })
          : await openNative(server.url, { key: server.key })
        const head = (await server.gateway.state('s')).seq
        for (const frame of send) native.send(frame)
        expect(await native.next('t' in error && error.t === 'bye' ? 'bye' : 'err')).toMatchObject(error)
        if (close === undefined) await alive(native)
        else expect((await native.closed).code).toBe(close)
        await alive(bystander)
        expect((await server.gateway.state('s')).seq).toBe(head)
        native.close()
        bystander.close()
      })

  it('[C6] a binary message is no frame', async () => {
    const native = await openNative(server.url, { key: server.key })
    native.socket.send(Buffer.from('{"t":"ping","n":1}'))
    expect(await native.next('bye')).toMatchObject({ code: 'bad_frame' })
    expect((await native.closed).code).toBe(4400)
  })

  it('[A3] without any credential', async () => {
    const native = await openNative(server.url)
    native.send(hello)
    expect(await native.next('bye')).toMatchObject({ code: 'unauthorized', retry: false })
    expect((await native.closed).code).toBe(4401)
  })

  it('[C7] unknown keys of a known frame are ignored', async () => {
    const native = await openNative(server.url, { key: server.key })
    native.send('{"t":"ping","n":1,"__proto__":{"polluted":1},"later":true}')
    await native.next('pong')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    native.close()
  })
})
