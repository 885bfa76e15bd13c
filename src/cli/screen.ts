import { createInterface, emitKeypressEvents, clearScreenDown, cursorTo } from 'node:readline'
import { Writable } from 'node:stream'
import type { Io } from './io.ts'

export interface ScreenEvents {
  /** A line was entered. `visible`: it could be seen while it was typed. */
  readonly line: (text: string, visible: boolean) => void
  /** A key on an empty line. True: it was meant as a command, and is not typed. */
  readonly key: (key: string) => boolean
  readonly leave: () => void
}

/** A terminal with a line to type in, which steps aside while something else is written. */
export const openScreen = (io: Io, events: ScreenEvents) => {
  const { stdin, stdout } = io
  let [visible, busy, closed] = [false, true, false]
  // While an answer streams, what is typed is kept but not echoed into it.
  const echo = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (visible) stdout.write(chunk)
      done()
    },
  })
  const rl = createInterface({
    input: stdin,
    output: Object.assign(echo, { columns: stdout.columns }),
    terminal: true,
    historySize: 100,
  })
  stdout.on('resize', () => Object.assign(echo, { columns: stdout.columns }))
  emitKeypressEvents(stdin, rl)
  stdin.on('keypress', (text: string | undefined, key: { readonly name?: string }) => {
    const name = key.name === 'escape' ? 'escape' : (text ?? '')
    const alone = name === 'escape' ? rl.line === '' : rl.line === text
    // What readline has typed already is taken out again.
    if (alone && name !== '' && events.key(name)) rl.write(null, { ctrl: true, name: 'u' })
  })
  const rest = (): void => {
    if (closed || busy || visible) return
    visible = true
    rl.prompt(true)
  }
  rl.on('line', (line) => {
    const seen = visible
    visible = false
    events.line(line, seen)
  })
  rl.on('SIGINT', events.leave)
  rl.on('close', events.leave)
  return {
    /** Writes above the line that is being typed. */
    write: (text: string): void => {
      if (visible) {
        visible = false
        cursorTo(stdout, 0)
        clearScreenDown(stdout)
      }
      stdout.write(text)
    },
    prompt: (text: string): void => rl.setPrompt(text),
    /** Whether something streams: then there is no line to type in. */
    busy: (now: boolean): void => {
      busy = now
      rest()
    },
    /** Shows the line to type in again, when nothing streams. */
    rest,
    close: (): void => {
      closed = true
      if (visible) stdout.write('\n')
      visible = false
      rl.close()
    },
  }
}
