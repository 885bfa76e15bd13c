import type { IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'
import { Failure } from '../../core/failures.ts'
import type { Env } from '../../core/ports.ts'
import type { Stage } from '../speak.ts'
import type { Answer } from './chunks.ts'
import { objectIn, parseJson } from './read.ts'
import type { Redact } from './redact.ts'
import { errorIn, failureOfEvent } from './upstream-failure.ts'
import type { Watchdog } from './watchdog.ts'

export interface Reading {
  readonly response: IncomingMessage
  readonly answer: Answer
  readonly stage: Stage
  readonly dog: Watchdog
  readonly env: Env
  readonly redact: Redact
  /** Called for every chunk that brought the answer forward. Comments and empty chunks do not. */
  readonly moved: () => void
}

/** Code units of one event at most: a delta has a few dozen. */
const longestEvent = 1_048_576
/** ms that a server gets to end its response after `[DONE]`, so that the connection can be used again. */
const farewellMs = 1000

/**
 * Reads a stream of chat completion chunks to its end. Bytes that are not UTF-8 become U+FFFD. While the reader is behind
 * the response is paused, and the watchdog with it.
 * @throws Failure `upstream_garbage`, `upstream_reset` (no `finish_reason` came), or what an error event says
 */
export const readStream = ({ response, answer, stage, dog, env, redact, moved }: Reading): Promise<void> =>
  new Promise((resolve, reject) => {
    const decoder = new TextDecoder()
    let over = false
    let ending = false
    let chunks = 0
    let bytes = 0

    const settle = (failure?: Failure): void => {
      if (over) return
      over = true
      dog.stop()
      if (failure !== undefined) {
        response.destroy()
        reject(failure)
        return
      }
      const cancel = env.after(farewellMs, () => response.destroy())
      response.once('close', cancel)
      response.resume()
      resolve()
    }
    const onData = (data: string): void => {
      if (over) return
      if (data.trim() === '[DONE]') return settle(verdict())
      const chunk = objectIn(parseJson(data))
      if (chunk === undefined) {
        // Half an event at the very end is a break, which is told as such.
        if (!ending) settle(new Failure('upstream_garbage'))
        return
      }
      chunks++
      const error = errorIn(chunk)
      if (error !== undefined) return settle(failureOfEvent(error, redact))
      if (answer.take(chunk)) moved()
    }
    const verdict = (): Failure | undefined => {
      if (answer.finished() !== undefined) return undefined
      if (chunks === 0 && bytes > 0) return new Failure('upstream_garbage')
      return new Failure('upstream_reset', 'The model server broke off in the middle of its answer')
    }
    const parser = createParser({
      maxBufferSize: longestEvent,
      onEvent: (event) => onData(event.data),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded')
          settle(new Failure('upstream_garbage', 'The model server sent a line without end'))
      },
    })
    const feed = (text: string): void => {
      if (!over) parser.feed(text)
    }

    response.on('data', (bytesRead: Buffer) => {
      if (over) return
      bytes += bytesRead.length
      feed(decoder.decode(bytesRead, { stream: true }))
      if (!stage.full()) return
      response.pause()
      dog.hold()
      void stage.room().then(() => {
        if (over) return
        moved()
        response.resume()
      })
    })
    response.on('end', () => {
      ending = true
      feed(`${decoder.decode()}\n\n`)
      settle(verdict())
    })
    response.on('error', () => settle(verdict()))
    response.on('close', () => settle(verdict()))
  })
