import { Failure } from '../../core/failures.ts'
import { type Beat, finish, type Scene, type Setting, text } from './beats.ts'
import { askScene, fileScene } from './ask-scenes.ts'
import { failingStoryScene, storyScene, toolScene } from './tool-scenes.ts'
import { numberAfter, seededWords } from './words.ts'

const swift = `Here is a small SwiftUI view:

\`\`\`swift
import SwiftUI

struct GreetingView: View {
    @State private var name = ""

    var body: some View {
        VStack(spacing: 16) {
            TextField("Your name", text: $name)
                .textFieldStyle(.roundedBorder)
            Text(name.isEmpty ? "Hello!" : "Hello, \\(name)!")
                .font(.title)
        }
        .padding()
    }
}
\`\`\`

It keeps the name in its own state and greets as you type.`

const thoughts = `The prompt asks me to think. I am a script, so I have nothing to weigh; what I can show is that thoughts are kept apart from the answer, stream like text, and are stored with the message.`

/** The largest count: 100,000 tokens in one answer. */
const most = 100_000

/** Everything the demo agent can do. The first scene that matches plays. */
export const scenes: readonly Scene[] = [
  {
    type: 'hello',
    help: 'a greeting',
    match: (prompt) => prompt.includes('hello'),
    beats: () => [text('Hello! How can I help you today?')],
    usage: { input: 10, output: 8 },
  },
  {
    type: 'Write a SwiftUI view',
    help: 'a block of code',
    match: (prompt) => prompt.includes('swiftui view'),
    beats: () => [text(swift)],
    usage: { input: 25, output: 150 },
  },
  failingStoryScene,
  {
    type: 'fail',
    help: 'some text, then an error',
    match: (prompt) => prompt.includes('fail'),
    beats: () => [
      text('I encountered an error. Let me try again...'),
      fail(new Failure('agent_failed', 'The demo agent was asked to fail')),
    ],
    usage: { input: 15, output: 12 },
  },
  {
    type: 'overload',
    help: 'an error that may be gone when you try again',
    match: (prompt) => prompt.includes('overload'),
    beats: () => [
      text('I am about to be overloaded.'),
      fail(new Failure('upstream_overloaded', 'The demo agent plays an overloaded model', { retryAfterMs: 5000 })),
    ],
  },
  {
    type: 'count to 1000',
    help: `the numbers up to there, ${most.toLocaleString('en')} at most`,
    match: (prompt) => prompt.includes('count to'),
    beats: ({ prompt }) => [text(numbers(numberAfter('count to', prompt.toLowerCase(), 10, most)))],
  },
  {
    type: 'slow 60',
    help: 'so many words, five a second: time to stop, reload, or pull the plug',
    match: (prompt) => /\bslow\b/.test(prompt),
    beats: ({ prompt, seed }) => [
      text(seededWords(seed, numberAfter('slow', prompt.toLowerCase(), 60, most)).join(' '), 200),
    ],
  },
  fileScene,
  askScene,
  storyScene,
  {
    type: 'think',
    help: 'thoughts first, then the answer',
    match: (prompt) => /\bthink\b/.test(prompt),
    beats: () => [
      { do: 'thinking', text: thoughts },
      text('I have thought about it: the thoughts above are not part of this answer.'),
    ],
  },
  toolScene,
]

/** What is said to any other prompt. */
const echo: Scene = {
  type: '',
  help: '',
  match: () => true,
  beats: ({ prompt }) => [text(`You said: ${prompt}\n\n${helpText()}`)],
}

/** What to type, one line a scene. */
export const helpText = (): string =>
  [
    'I am the demo agent: scripted, no model. Type one of these:',
    ...scenes.map((scene) => `- ${scene.type}: ${scene.help}`),
    'With "at 50/s" anywhere in it, so many words come a second. What you send while I speak is taken up at the next word.',
  ].join('\n')

export const sceneFor = (prompt: string): Scene => {
  const lower = prompt.toLowerCase()
  return scenes.find((scene) => scene.match(lower)) ?? echo
}

/** The messages of a script up to its first question, whole. */
export const messagesOf = (setting: Setting): readonly string[] => {
  const messages = ['']
  for (const beat of sceneFor(setting.prompt).beats(setting)) {
    if (beat.do === 'ask') break
    if (beat.do === 'text') messages[messages.length - 1] += beat.text
    if (beat === finish) messages.push('')
  }
  return messages.filter((message) => message !== '')
}

const fail = (failure: Failure): Beat => ({ do: 'fail', failure })

const numbers = (to: number): string => Array.from({ length: to }, (_, index) => index + 1).join(' ')
