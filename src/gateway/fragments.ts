/** No frame on any wire is larger, in bytes: Apple's sockets close on large ones and come back for more. */
export const largestFrame = 65_536
/** Code units of a fragment's data: quotes double, other characters take up to three bytes, and the frame has a head. */
const pieceSize = 20_000

/** A frame as the texts to send: itself, or a run of `frag` frames when it is over 64 KiB. */
export const fragments = (text: string): readonly string[] => {
  if (text.length * 3 <= largestFrame || Buffer.byteLength(text) <= largestFrame) return [text]
  const pieces: string[] = []
  for (let at = 0; at < text.length;) {
    const end = wholeCharacter(text, Math.min(text.length, at + pieceSize))
    pieces.push(text.slice(at, end))
    at = end
  }
  return pieces.map((data, i) => JSON.stringify({ t: 'frag', i, n: pieces.length, data }))
}

/** Never between the halves of a surrogate pair. */
const wholeCharacter = (text: string, end: number): number => {
  const code = text.charCodeAt(end - 1)
  return code >= 0xd800 && code <= 0xdbff && end < text.length ? end - 1 : end
}
