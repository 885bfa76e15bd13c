import type { Client } from '../src/client/client.ts'
import { uuid } from '../src/client/id.ts'
import { emptySession, type SessionState } from '../src/core/session.ts'
import { hashOf, linkUsed, readPlace } from './address.ts'
import { createAccount } from './account.ts'
import { createComposer } from './composer.ts'
import { byId } from './dom.ts'
import { createDrawer } from './drawer.ts'
import { forgetDraft, readDraft, readLast, writeDraft, writeLast } from './drafts.ts'
import { onFrame } from './frame.ts'
import { followList } from './list.ts'
import { createPage, type Model } from './page.ts'
import type { Actions } from './row.ts'
import { promptText } from './items/pending.ts'
import { watchSaid } from './said.ts'
import { toast } from './toasts.ts'

/** Runs the page: what a person does goes to the client, what the client has goes on the screen once a frame. */
export const startApp = (client: Client): void => {
  const cameByUsedLink = location.hash === linkUsed
  let current = ''
  let leave = (): void => {}

  const session = () => client.session(current)
  const paint = onFrame(() => page.paint(model()))
  const account = createAccount(client, paint)
  const said = watchSaid(client, paint)
  const list = followList(() => client.status.get().state === 'connected', paint)
  const state = (): SessionState => (current === '' ? emptySession : session().state.get())

  const model = (): Model => ({
    current,
    state: state(),
    progress: current === '' ? undefined : session().progress.get(),
    status: client.status.get(),
    outbox: client.outbox.get(),
    acked: (seen) => said.acked(current, seen),
    lines: list.get(),
    agents: account.agents(),
    signedOut: account.signedOut(),
    linkUsed: cameByUsedLink,
  })

  const prompt = (text: string): void => {
    const id = uuid(Date.now())
    if (current === '') {
      const agent = page.agent()
      writeDraft('', { text: '' })
      open(client.create(agent === '' ? {} : { agent }).id)
    }
    const to = current
    writeDraft(to, { text, id })
    composer.set('')
    page.toEnd()
    client.send(to, 'prompt', { text }, { id }).catch((error: unknown) => {
      // Refused ones stay in the thread with their reason. One that was not taken at all goes back into the box.
      if (client.outbox.get().some((slot) => slot.id === id)) return
      toast(error instanceof Error ? error.message : 'Not sent')
      forgetDraft(to, id)
      if (to === current && composer.text() === '') edit(text)
    })
  }
  /** A command that nobody waits for: the outbox tells what becomes of it. */
  const tell = (sent: Promise<unknown>): void => void sent.catch(() => {})
  const edit = (text: string): void => {
    composer.set(text)
    writeDraft(current, { text })
    composer.focus()
  }
  const actions: Actions = {
    answer: (ask, answer) => tell(session().command('answer', { ask, ...answer })),
    unqueue: (turn) => tell(session().stop(turn)),
    again: (turn) => {
      const first = state().items.find((item) => item.kind === 'message' && item.role === 'user' && item.turn === turn)
      if (first?.kind === 'message') prompt(first.parts.map((part) => (part.type === 'text' ? part.text : '')).join(''))
    },
    takeBack: (slot, keep) => {
      const had = composer.text()
      if (said.discard(slot.id) && keep) edit(had === '' ? promptText(slot) : `${promptText(slot)}\n${had}`)
    },
    nameOf: account.nameOf,
  }

  const open = (id: string): void => {
    leave()
    current = id
    writeLast(id)
    const hash = hashOf(id)
    if (readPlace(location.hash) === undefined) history.replaceState(null, '', hash)
    else if (location.hash !== hash) history.pushState(null, '', hash)
    const draft = readDraft(id)
    // With an id it is a message on its way, which the thread shows.
    composer.set(draft.id === undefined ? draft.text : '')
    const stops = id === '' ? [] : [session().state.subscribe(paint), session().progress.subscribe(paint)]
    leave = () => {
      for (const stop of stops) stop()
    }
    page.opened()
    paint()
  }
  const follow = (): void => {
    const place = readPlace(location.hash)
    if (place !== undefined) open(place === 'new' ? '' : place.session)
  }

  const composer = createComposer({
    send: prompt,
    stop: () => tell(session().stop()),
    typed: (text) => writeDraft(current, { text }),
  })
  const drawer = createDrawer()
  const choose = (id: string): void => {
    open(id)
    drawer.close()
    if (matchMedia('(min-width: 761px)').matches) composer.focus()
  }
  const page = createPage({ actions, composer, prompt, choose, retry: client.reconnect, changed: list.refresh })

  client.onState(({ state: link }) => {
    if (link === 'connected') list.refresh()
    paint()
  })
  byId('new').addEventListener('click', () => choose(''))
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault()
    composer.focus()
  })
  addEventListener('hashchange', follow)
  document.addEventListener('visibilitychange', list.refresh)
  // Countdowns, and states that only begin to matter after a while.
  setInterval(() => {
    const { state: link, silentSince } = client.status.get()
    const replays = current !== '' && session().progress.get().phase === 'replay'
    if (link !== 'connected' || silentSince !== null || replays) paint()
  }, 250)

  if (readPlace(location.hash) === undefined) open(readLast())
  else follow()
  client.connect().then(resend, () => {})
  account.learn()

  /** A message whose box was lost with its page goes out again, under its id: twice is once. */
  function resend(): void {
    const { text, id } = readDraft(current)
    if (id !== undefined && !client.outbox.get().some((slot) => slot.id === id))
      tell(client.send(current, 'prompt', { text }, { id }))
  }
}
