import { checkShape } from '../core/commands.ts'
import type { Dialect } from '../core/dialect.ts'
import { Failure, toFailure } from '../core/failures.ts'
import { clientFrames, type ClientFrame, type ClientFrameType } from '../core/frames.ts'
import { parseJson } from '../core/json.ts'

/** `holdfast.v1`: the vocabulary of frames as it is, one JSON object a text frame. */
export const native: Dialect = {
  name: 'holdfast.v1',
  path: '/v1/socket',
  maxFrame: 1_048_576,
  decode: (text) => {
    const value = framed(() => parseJson(text))
    const t = typeof value === 'object' && value !== null && 't' in value ? value.t : undefined
    if (typeof t !== 'string' || !Object.hasOwn(clientFrames, t))
      throw new Failure(
        'bad_frame',
        `t: a frame is a JSON object with t one of ${Object.keys(clientFrames).join(', ')}`,
        { param: 't' },
      )
    return { t, ...framed(() => checkShape<object>(clientFrames[t as ClientFrameType], value)) } as ClientFrame
  },
  encode: (frame) => JSON.stringify(frame),
  encodeRun: ({ sub, prev, cursor, batches }) =>
    `{"t":"ev","sub":${JSON.stringify(sub)},"prev":"${prev}","cursor":"${cursor}","e":[${batches.map(({ json }) => json).join()}]}`,
}

/** Whatever is wrong with a frame's form is one error on this wire, and ends the socket. */
const framed = <T>(read: () => T): T => {
  try {
    return read()
  } catch (error) {
    const { message, param } = toFailure(error)
    throw new Failure('bad_frame', message, param === undefined ? {} : { param })
  }
}
