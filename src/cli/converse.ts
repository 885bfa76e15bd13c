import { isOpenAsk, type SessionState } from '../core/session.ts'
import { watchConnection } from './connection.ts'
import { exit } from './exit.ts'
import { asTyped } from './io.ts'
import { createPainter } from './painter.ts'
import { describeAsk, optionOf, type OpenAsk } from './question.ts'
import type { Talk } from './recite.ts'
import { openScreen } from './screen.ts'

/** Items of an old session that are shown when it is taken up again. */
const recent = 30

const help = ['/stop ends the running turn (so does Esc), /quit or Ctrl-C leaves it running, /help', '']

const isBusy = ({ running, queue }: SessionState): boolean => running !== null || queue.length > 0

/** ms that leaving waits for what was typed last to be acknowledged. */
const goodbye = 1000

/** Commands that are still not acknowledged after a moment. */
const settledOutbox = ({ outbox }: Talk['client']): Promise<number> =>
  new Promise((resolve) => {
    const done = (): void => {
      stop()
      clearTimeout(timer)
      resolve(outbox.get().length)
    }
    const timer = setTimeout(done, goodbye)
    const stop = outbox.subscribe((waiting) => waiting.length === 0 && done())
    if (outbox.get().length === 0) done()
  })

/** A conversation in a terminal. Resolves when the person leaves. */
export const converse = async ({ client, session, io, isNew }: Talk): Promise<number> => {
  const left = Promise.withResolvers<void>()
  const typed: string[] = []
  const screen = openScreen(io, {
    line: (text, visible) => read(text, visible),
    key: (key) => press(key),
    leave: () => left.resolve(),
  })
  const tell = (line: string): void => {
    painter.freshLine()
    screen.write(`${io.paint('dim', line)}\n`)
    painter.interrupted()
    screen.rest()
  }
  const painter = createPainter({
    io,
    write: screen.write,
    typedHere: (text) => {
      const at = typed.indexOf(text)
      if (at >= 0) typed.splice(at, 1)
      return at >= 0
    },
  })
  let asked: OpenAsk | undefined
  let from = 0
  const failed = (error: unknown): void => tell(error instanceof Error ? error.message : String(error))

  const answer = (option: string): void => {
    if (asked === undefined) return
    session.approve(asked.id, option).catch(failed)
  }
  const press = (key: string): boolean => {
    if (key === 'escape' && session.state.get().running !== null) {
      session.stop().catch(failed)
      return true
    }
    const option = asked && optionOf(asked, key)
    if (option === undefined) return false
    answer(option)
    return true
  }
  const read = (text: string, visible: boolean): void => {
    painter.interrupted()
    const said = text.trim()
    if (said === '/quit' || said === '/exit') left.resolve()
    else if (said === '/stop') session.stop().catch(failed)
    else if (said === '/help') help.forEach(tell)
    else if (asked !== undefined && said !== '') {
      const option = optionOf(asked, said)
      if (option !== undefined) answer(option)
      else if (asked.ask.free === true) session.answer(asked.id, said).catch(failed)
      else tell(`Choose one: ${asked.ask.options.map((_, index) => index + 1).join(', ')}`)
    } else if (said !== '') {
      if (visible) typed.push(text)
      session.send(text).catch(failed)
      return
    }
    screen.rest()
  }
  const look = (state: SessionState): void => {
    painter.paint(state, from)
    const open = state.items.find(isOpenAsk)
    if (open !== undefined && open.id !== asked?.id) {
      painter.freshLine()
      for (const line of describeAsk(open, io)) screen.write(`${line}\n`)
      painter.interrupted()
    }
    asked = open
    const idle = open !== undefined || !isBusy(state)
    screen.prompt(open === undefined ? '› ' : `${open.ask.options.map((_, index) => index + 1).join('/')} › `)
    if (idle) painter.freshLine()
    screen.busy(!idle)
  }

  const unwatch = watchConnection(client, tell)
  const before = await session.ready()
  from = isNew ? 0 : Math.max(0, before.items.length - recent)
  const { transport, latencyMs } = client.status.get()
  const agent = before.agent === '' ? '' : ` · ${before.agent}`
  screen.write(
    `${io.paint('dim', `session ${session.id}${agent} · ${transport}${latencyMs === null ? '' : ` · ${Math.round(latencyMs)} ms`}`)}\n`,
  )
  screen.write(`${io.paint('dim', help[0] ?? '')}\n`)
  if (from > 0)
    screen.write(`${io.paint('dim', `(${from} earlier items: ${asTyped(`holdfast sessions show ${session.id}`)})`)}\n`)
  look(before)
  const unfollow = session.state.subscribe(look)

  await left.promise
  const busy = isBusy(session.state.get())
  const unsent = await settledOutbox(client)
  unfollow()
  unwatch()
  screen.close()
  painter.freshLine()
  if (unsent > 0) io.out(`${unsent} not yet acknowledged: kept, and sent the next time.`)
  io.out(asTyped(`${busy ? 'The answer goes on without you. ' : ''}Take it up again: holdfast chat ${session.id}`))
  return exit.ok
}
