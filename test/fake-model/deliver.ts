import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault, Plan } from './plan.ts'
import type { Answer, Wire } from './wire.ts'

/** Sends an answer as planned, faults included. Returns early when the client has gone. */
export const deliver = async (
  response: ServerResponse,
  wire: Wire,
  { answer, plan, streams, onChunk }: { answer: Answer; plan: Plan; streams: boolean; onChunk: () => void },
): Promise<void> => {
  const { fault } = plan
  const gone = (): boolean => response.destroyed
  if (plan.headMs !== undefined) await sleep(plan.headMs)
  if (gone()) return
  if (fault?.kind === 'refuse') return void response.socket?.destroy()
  if (fault?.kind === 'status') return sendStatus(response, wire, fault)
  const contentType = plan.contentType ?? (streams ? 'text/event-stream' : 'application/json')
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' })
  response.flushHeaders()
  const write = writer(response, plan.bytesAtATime)
  if (fault?.kind === 'raw') {
    await write(Buffer.from(fault.base64, 'base64'))
    return void response.end()
  }
  if (plan.firstMs !== undefined) await sleep(plan.firstMs)
  if (!streams) {
    if (fault !== undefined) return breakOff(response, fault)
    await write(JSON.stringify(answer.whole))
    return void response.end()
  }

  const at = fault !== undefined && 'after' in fault ? fault.after : Number.POSITIVE_INFINITY
  for (const frame of answer.before) await write(frame)
  for (const frame of answer.content.slice(0, at)) {
    if (gone()) return
    await write(frame)
    onChunk()
    if (plan.chunkMs !== undefined) await sleep(plan.chunkMs)
  }
  if (gone()) return
  const goOn = fault === undefined || (await strike(fault, { response, wire, answer, write }))
  if (!goOn || gone()) return
  if (at !== Number.POSITIVE_INFINITY) for (const frame of answer.content.slice(at)) await write(frame)
  for (const frame of fault?.kind === 'no-finish' ? answer.withoutFinish : answer.after) await write(frame)
  response.end()
}

type Write = (piece: string | Buffer) => Promise<void>

/** Does the fault. Resolves with whether the answer goes on after it. */
const strike = async (
  fault: Fault,
  { response, wire, answer, write }: { response: ServerResponse; wire: Wire; answer: Answer; write: Write },
): Promise<boolean> => {
  switch (fault.kind) {
    case 'reset':
      // A reset makes the receiver's kernel drop what was not read yet: what was sent gets a moment to be read.
      await sleep(fault.after > 0 ? 30 : 0)
      breakOff(response, fault)
      return false
    case 'cut':
      breakOff(response, fault)
      return false
    case 'stall':
      while (!response.destroyed) {
        await sleep(fault.keepaliveMs ?? 20)
        if (fault.keepaliveMs !== undefined && !response.destroyed) await write(answer.keepalive)
      }
      return false
    case 'error-event':
      await write(wire.errorEvent(fault.error))
      response.end()
      return false
    case 'garbage':
      await write('data: {"choices":[{"delta":{"content":"ha\n\n')
      return true
    case 'invalid-utf8': {
      const marked = Buffer.from(answer.content[fault.after]?.replace(/("(?:content|text)":")/, '$1#') ?? '')
      const hash = marked.indexOf('#')
      if (hash >= 0) marked[hash] = 0xff
      await write(marked)
      return true
    }
    case 'long-line': {
      const piece = Buffer.alloc(65_536, 'x')
      await write('data: "')
      for (let sent = 0; sent < fault.bytes && !response.destroyed; sent += piece.length) await write(piece)
      return true
    }
    default:
      return true
  }
}

const breakOff = (response: ServerResponse, fault: Fault): void => {
  if (fault.kind === 'reset') response.socket?.resetAndDestroy()
  else if (fault.kind !== 'stall') response.end()
}

const sendStatus = (response: ServerResponse, wire: Wire, fault: Extract<Fault, { kind: 'status' }>): void => {
  const message = fault.message ?? `The fake model server was asked for ${fault.status}`
  response.writeHead(fault.status, {
    'content-type': 'application/json',
    ...(fault.retryAfter !== undefined && { 'retry-after': fault.retryAfter }),
    ...fault.headers,
  })
  response.end(fault.body ?? JSON.stringify(wire.error(fault.status, message, fault.code)))
}

/** Writes with backpressure, whole or a few bytes at a time. */
const writer = (response: ServerResponse, size = 0): Write => {
  const closed = new Promise((resolve) => response.once('close', resolve))
  return async (piece) => {
    const bytes = Buffer.from(piece)
    const step = size > 0 ? size : bytes.length
    for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
      const room = response.write(bytes.subarray(at, at + step))
      if (!room && !response.destroyed)
        await Promise.race([closed, new Promise((resolve) => response.once('drain', resolve))])
      // Small pieces must leave as packets of their own.
      else if (size > 0) await new Promise(setImmediate)
    }
  }
}
