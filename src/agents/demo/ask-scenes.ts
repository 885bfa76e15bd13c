import type { Answer, Question } from '../../core/ports.ts'
import { type Beat, finish, rest, say, type Scene, type Setting, text } from './beats.ts'

const name = 'notes.md'
const aid = `demo:${name}`

const plan = (first: 'pending' | 'running' | 'done', second: 'pending' | 'running' | 'done'): Beat =>
  say({
    type: 'plan',
    items: [
      { text: `Draft ${name}`, state: first },
      { text: `Keep ${name} as an artifact`, state: second },
    ],
  })

const tool = (tid: string) => ({ type: 'tool', tid, name: 'write_file', title: `Write ${name}`, kind: 'edit' }) as const

/** The versions of an artifact that a session has: what is written now is the next one. */
const versionsIn = ({ session }: Setting): number => {
  const had = session.items.findLast((item) => item.kind === 'artifact' && item.id === aid)
  return had?.kind === 'artifact' ? had.artifact.version : 0
}

/** Asks first, and does only what was allowed. Nothing is written to a disk: the artifact is the file, and says so. */
export const fileScene: Scene = {
  type: 'write a file',
  help: 'a plan, a tool that asks for your permission, and an artifact; again: its next version',
  match: (prompt) => prompt.includes('write a file'),
  beats: (setting) => {
    const tid = setting.newId()
    const version = versionsIn(setting) + 1
    const content = [
      `# Notes, version ${version}`,
      '',
      'Written by the demo agent. This text is an artifact of the session: it is in the log, not in a folder.',
      '',
    ].join('\n')
    const question: Question = {
      kind: 'permission',
      tid,
      subject: { title: `Write ${name}`, detail: content, input: { path: name, content } },
      options: [
        { id: 'allow_once', label: 'Allow once', kind: 'allow_once' },
        { id: 'allow_session', label: 'Allow in this session', kind: 'allow_session' },
        { id: 'deny', label: 'Deny', kind: 'deny' },
      ],
    }
    return [
      text('I will do this in two steps, and ask you before the second.'),
      finish,
      plan('running', 'pending'),
      say({ ...tool(tid), state: 'pending', input: { path: name } }),
      rest(5),
      say({ ...tool(tid), state: 'pending', input: { path: name, content: content.slice(0, 20) } }),
      rest(5),
      say({ ...tool(tid), state: 'pending', input: { path: name, content } }),
      plan('done', 'pending'),
      { do: 'ask', question, next: (answer) => (allows(answer) ? write(tid, content, version) : keep(tid, answer)) },
    ]
  },
}

const allows = (answer: Answer): boolean =>
  answer.outcome === 'answered' && (answer.option === 'allow_once' || answer.option === 'allow_session')

const write = (tid: string, content: string, version: number): readonly Beat[] => [
  plan('done', 'running'),
  say({ ...tool(tid), state: 'running' }),
  ...content
    .split('\n')
    .slice(0, -1)
    .flatMap((line, index): Beat[] => [rest(5), { do: 'output', tid, text: `${index + 1}: ${line}\n` }]),
  say({ ...tool(tid), state: 'completed', output: { path: name, version } }),
  say({ type: 'artifact', aid, kind: 'file', title: name, body: content, version, mime: 'text/markdown' }),
  plan('done', 'done'),
  text(`${name} is now at version ${version}: you see it as an artifact.`),
]

const keep = (tid: string, answer: Answer): readonly Beat[] => [
  say(
    answer.outcome === 'answered'
      ? { ...tool(tid), state: 'denied' }
      : { ...tool(tid), state: 'cancelled', error: 'No answer came' },
  ),
  text(
    answer.outcome === 'answered'
      ? `As you wish: ${name} stays as it is. Ask again whenever you like.`
      : `No answer came, so ${name} stays as it is.`,
  ),
]

const tastes = [
  { id: 'tea', label: 'Tea', kind: 'choice' },
  { id: 'coffee', label: 'Coffee', kind: 'choice' },
  { id: 'water', label: 'Water', kind: 'choice' },
] as const

export const askScene: Scene = {
  type: 'ask me',
  help: 'a question with options and room for your own words',
  match: (prompt) => prompt.includes('ask me'),
  beats: () => [
    text('I have a question for you.'),
    finish,
    {
      do: 'ask',
      question: {
        kind: 'question',
        subject: { title: 'What would you like to drink?', detail: 'Pick one, or say it in your own words.' },
        options: tastes,
        free: true,
      },
      next: ({ outcome, option, text: words }) => {
        const picked = tastes.find((taste) => taste.id === option)?.label ?? option
        if (outcome !== 'answered') return [text('No answer came, so I will not guess.')]
        const said = [...(picked === undefined ? [] : [picked]), ...(words === undefined ? [] : [`"${words}"`])]
        return [text(`Your answer: ${said.join(', ')}. Thank you.`)]
      },
    },
  ],
}
