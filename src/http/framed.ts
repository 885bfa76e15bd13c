const known = new WeakMap<Uint8Array, Buffer>()

/**
 * A text message as one unmasked WebSocket frame (RFC 6455, 5.2), made once however many sockets it goes to: one write
 * instead of a header and a payload each. It may be written between the messages that `ws` sends, because without
 * compression `ws` writes each of its own whole and at once.
 */
export const framed = (payload: Uint8Array): Buffer => {
  const before = known.get(payload)
  if (before !== undefined) return before
  const frame = Buffer.concat([header(payload.length), payload])
  known.set(payload, frame)
  return frame
}

const finalText = 0x81

const header = (length: number): Buffer => {
  if (length < 126) return Buffer.from([finalText, length])
  const head = Buffer.alloc(length < 65_536 ? 4 : 10)
  head[0] = finalText
  head[1] = length < 65_536 ? 126 : 127
  if (length < 65_536) head.writeUInt16BE(length, 2)
  else head.writeBigUInt64BE(BigInt(length), 2)
  return head
}
