import type { Agent, Env, Prompt, Turn } from '../../core/ports.ts'
import { emptySession, isOpenAsk } from '../../core/session.ts'
import { speak, type Stage } from '../speak.ts'
import { shorten } from '../text.ts'
import type { Beat } from './beats.ts'
import { messagesOf, sceneFor } from './scenes.ts'
import { countWords, paceIn, wordsOf } from './words.ts'

export interface DemoOptions {
  readonly env: Env
  /** ms a word. Default 15; 0 says everything at once. A prompt with "at 50/s" in it sets its own. */
  readonly pace?: number
  /** Decides the words that are drawn. Default 0. */
  readonly seed?: number
}

/** The shortest rest, ms: below it words are said in groups, so that 10,000 words a second do not cost 10,000 timers. */
const shortestRest = 5

/** The built-in agent: scripted, deterministic, no key. What it says is a pure function of seed and prompt. */
export const demoAgent = ({ env, pace = 15, seed = 0 }: DemoOptions): Agent => ({
  name: 'demo',
  title: 'demo agent: scripted, no model',
  steers: true,
  // A question is durable, so its answer can be taken up; text that broke off is not spoken on.
  resumes: ({ running, items }) => items.some((item) => item.turn === running?.turn && isOpenAsk(item)),
  models: () => Promise.resolve(['demo']),
  run: (turn) => speak(turn, env, (stage) => play(stage, turn, { env, pace, seed })),
})

/**
 * The oracle: what the demo agent says to a prompt, up to its first question, when nobody steers it. Messages are joined
 * by a blank line, as a reader shows them.
 */
export const demoText = (prompt: string, seed = 0): string =>
  messagesOf({ prompt: prompt.toWellFormed(), seed, session: emptySession, newId: () => 'id' }).join('\n\n')

const play = async (stage: Stage, turn: Turn, { env, pace, seed }: Required<DemoOptions>): Promise<void> => {
  const prompt = turn.prompt.text.toWellFormed()
  const scene = sceneFor(prompt)
  const own = paceIn(prompt.toLowerCase())
  const steered = listen(turn, stage.signal)
  let output = 0

  const usage = (): void => {
    const counted = scene.usage ?? { input: countWords(prompt), output }
    stage.finish()
    stage.say({ type: 'usage', ...counted })
  }
  const recite = async (beat: Extract<Beat, { do: 'text' | 'thinking' }>): Promise<void> => {
    const each = own ?? beat.pace ?? pace
    const start = env.monotonic()
    let said = 0
    for (const word of wordsOf(beat.text)) {
      const early = start + said * each - env.monotonic()
      if (early > 0) await stage.sleep(Math.max(early, shortestRest))
      else if (said % 1024 === 1023) await stage.room()
      if (beat.do === 'text') for (const { text } of steered.splice(0)) stage.text(acknowledge(text))
      stage[beat.do](word)
      said++
    }
    output += said
  }
  const rest = async (ms: number): Promise<void> => {
    if (ms > 0) await stage.sleep(ms)
  }
  const perform = async (beats: readonly Beat[]): Promise<void> => {
    for (const beat of beats) {
      if (beat.do === 'text' || beat.do === 'thinking') await recite(beat)
      else if (beat.do === 'say') stage.say(beat.event)
      else if (beat.do === 'output') stage.output(beat.tid, beat.text)
      else if (beat.do === 'finish') stage.finish()
      else if (beat.do === 'rest') await rest(beat.words * (own ?? pace))
      else if (beat.do === 'ask') await perform(beat.next(await turn.ask(beat.question)))
      else if (beat.do === 'fail') {
        usage()
        throw beat.failure
      }
    }
  }
  const beats = scene.beats({ prompt, seed, session: turn.session, newId: ids(turn.id) })
  await perform(
    turn.attempt === 1
      ? beats
      : beats.slice(
          Math.max(
            0,
            beats.findIndex((beat) => beat.do === 'ask'),
          ),
        ),
  )
  for (const { text } of steered.splice(0)) stage.text(acknowledge(text))
  usage()
}

/** Ids that are the same when the turn is run again: what was begun is gone on with. */
const ids = (turn: string): (() => string) => {
  let count = 0
  return () => `${turn}.${++count}`
}

/** Gathers the prompts that come while the turn runs. */
const listen = (turn: Turn, signal: AbortSignal): Prompt[] => {
  const steered: Prompt[] = []
  const hear = async (): Promise<void> => {
    for await (const prompt of turn.steering) {
      if (signal.aborted) return
      steered.push(prompt)
    }
  }
  // A turn that ends may break its steering off with an error: there is nothing more to hear then.
  hear().catch(() => {})
  return steered
}

/** How a prompt that steers a running turn shows in its text. */
const acknowledge = (text: string): string => `\n\n(You said: "${shorten(text.toWellFormed(), 200)}". I go on.)\n\n`
