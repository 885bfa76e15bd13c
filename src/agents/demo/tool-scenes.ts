import { shorten } from '../text.ts'
import { type Beat, finish, rest, say, type Scene, text } from './beats.ts'

const stories = (prompt: string): boolean => /\bstory\b/.test(prompt)

/** What a prompt such as "Create a P1 story for user authentication" asks for. */
const storyIn = (prompt: string) => {
  const priority = /\bp([0-4])\b/i.exec(prompt)?.[1] ?? '2'
  const at = prompt.toLowerCase().indexOf(' for ')
  const subject =
    at < 0
      ? ''
      : shorten(
          prompt
            .slice(at + 5)
            .trim()
            .replace(/\s+/g, ' '),
          80,
        )
  const title = subject === '' ? 'An untitled story' : subject.charAt(0).toUpperCase() + subject.slice(1)
  return { title, priority: `P${priority}` }
}

export const storyScene: Scene = {
  type: 'Create a P1 story for user authentication',
  help: 'a story, made with a tool',
  match: stories,
  beats: ({ prompt, newId }) => {
    const story = storyIn(prompt)
    const tid = newId()
    const aid = newId()
    const tool = { type: 'tool', tid, name: 'create_story', title: 'Create a story', kind: 'other' } as const
    const body = {
      ...story,
      description: `As a user I want this: ${story.title}.`,
      acceptance_criteria: ['It works', 'It says so when it does not', 'It is tested'],
    }
    return [
      text('I will write that down as a story.'),
      finish,
      say({ ...tool, state: 'running', input: story }),
      rest(10),
      say({ ...tool, state: 'completed', output: { id: aid, ...story } }),
      say({
        type: 'artifact',
        aid,
        kind: 'story',
        title: story.title,
        body: JSON.stringify(body, null, 2),
        version: 1,
        mime: 'application/json',
      }),
      text(`The story "${story.title}" (${story.priority}) is ready, with three acceptance criteria.`),
    ]
  },
}

export const failingStoryScene: Scene = {
  type: 'Create a story and fail the tool',
  help: 'a tool that fails, while the conversation goes on',
  match: (prompt) => stories(prompt) && prompt.includes('fail'),
  beats: ({ prompt, newId }) => {
    const tid = newId()
    const error = 'The story could not be created: the tool was asked to fail'
    const tool = { type: 'tool', tid, name: 'create_story', title: 'Create a story', kind: 'other' } as const
    return [
      text('I will write that down as a story.'),
      finish,
      say({ ...tool, state: 'running', input: storyIn(prompt) }),
      rest(10),
      say({ ...tool, state: 'failed', error }),
      say({
        type: 'artifact',
        aid: newId(),
        kind: 'error',
        title: 'create_story failed',
        body: error,
        version: 1,
        mime: 'text/plain',
      }),
      text('The tool failed, so there is no story. We can go on.'),
    ]
  },
}

export const toolScene: Scene = {
  type: 'tool',
  help: 'a tool that tells how far it is',
  match: (prompt) => /\btool\b/.test(prompt),
  beats: ({ newId }) => {
    const tid = newId()
    const tool = {
      type: 'tool',
      tid,
      name: 'search_docs',
      title: 'Search four pretended pages',
      kind: 'search',
    } as const
    const pages = ['introduction', 'guide', 'reference', 'appendix']
    return [
      text('I will search four pages that exist only in this script.'),
      finish,
      say({ ...tool, state: 'running', input: { query: 'demo' }, progress: 0 }),
      ...pages.flatMap((page, index): Beat[] => [
        rest(10),
        { do: 'output', tid, text: `${page}: ${index === 2 ? 'one match' : 'nothing'}\n` },
        say({ ...tool, state: 'running', progress: (index + 1) / pages.length }),
      ]),
      say({ ...tool, state: 'completed', output: { matches: ['reference'] } }),
      text('One of the four pages matches: the reference.'),
    ]
  },
}
